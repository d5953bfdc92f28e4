package segment

import "errors"

// Errors of this room (errors.Is).
var (
	// ErrPoisoned is returned by every Append and Sync after one of the segment's syncs failed.
	ErrPoisoned = errors.New("an earlier sync of this segment failed")
	// ErrSealed is returned by Append to a sealed segment.
	ErrSealed = errors.New("segment is sealed")
	// ErrFull is returned by Append when the batch's last offset or position would not fit a 32-bit index entry.
	ErrFull = errors.New("segment is full")
	// ErrRetired is returned by reads of a segment whose files were removed.
	ErrRetired = errors.New("segment is retired")
)

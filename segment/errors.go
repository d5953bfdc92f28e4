package segment

import (
	"errors"
	"fmt"
)

// Errors of this room (errors.Is).
var (
	// ErrPoisoned is returned by every Append and Sync after one of the segment's syncs failed, or after a
	// failed append could not be undone.
	ErrPoisoned = errors.New("segment is poisoned by an earlier failure")
	// ErrSealed is returned by Append to a sealed segment.
	ErrSealed = errors.New("segment is sealed")
	// ErrFull is returned by Append when the batch's last offset or position would not fit a 32-bit index entry.
	ErrFull = errors.New("segment is full")
	// ErrOutOfOrder is returned by Append when the batch does not begin at or after the next offset.
	ErrOutOfOrder = errors.New("batch is out of order")
	// ErrRetired is returned by reads of a segment whose last reference is gone.
	ErrRetired = errors.New("segment is retired")
)

// What a DamageError can wrap besides the record room's errors.
var (
	errTorn     = errors.New("the file ends within a batch")
	errOrder    = errors.New("offsets or leader epochs do not ascend")
	errGap      = errors.New("offsets are missing")
	errBound    = errors.New("offset belongs to a later segment")
	errChecksum = errors.New("checksum mismatch")
	errCount    = errors.New("record count does not fit the offsets")
	errEndEarly = errors.New("the log ends before offsets that were durable")
)

// DamageError says where bytes were found that should be a good batch and are not. Nothing was changed.
type DamageError struct {
	Path     string
	Position int64 // byte position of the batch in the file
	Offset   int64 // the lowest offset the batch could have
	Err      error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("damaged segment %s at position %d, offset %d: %v", e.Path, e.Position, e.Offset, e.Err)
}

// Unwrap gives the reason.
func (e *DamageError) Unwrap() error { return e.Err }

func (s *Segment) damage(pos, offset int64, err error) error {
	return &DamageError{Path: s.Path(), Position: pos, Offset: offset, Err: err}
}

// poisoned holds the failure that ended all writing.
type poisoned struct{ cause error }

// fail poisons the segment and returns the error for this and every later call. The first cause stays.
func (s *Segment) fail(cause error) error {
	s.poison.CompareAndSwap(nil, &poisoned{cause})
	return s.poisonErr()
}

// poisonErr returns nil unless the segment is poisoned.
func (s *Segment) poisonErr() error {
	if p := s.poison.Load(); p != nil {
		return fmt.Errorf("segment %s: %w: %w", s.Path(), ErrPoisoned, p.cause)
	}
	return nil
}

package segment

import (
	"errors"
	"fmt"
)

// Expand writes a compressed segment's .log anew as the plain file that Apache Kafka reads, beside the one in use:
// Staged.Adopt puts it in its place. Every frame is verified on the way. pace is called after each; its error ends the
// work. A *DamageError when a frame is bad; then nothing is left behind.
func (s *Segment) Expand(pace func(plainBytes int) error) (*Staged, error) {
	st, err := s.stage(false)
	if err != nil {
		return nil, err
	}
	if err = expand(st, pace); err == nil {
		st.stored, err = st.from.frames.table.size, st.finish()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("expand segment %s: %w", s.Path(), err), st.Discard())
	}
	return st, nil
}

func expand(st *Staged, pace func(plainBytes int) error) error {
	in := st.from.frames
	buf := make([]byte, 0, maxFrameBytes+decodeSlack)
	for i := range in.table.frames {
		from, to := in.table.plain(i)
		plain := buf[:to-from]
		if err := in.load(i, plain); err != nil {
			return err
		}
		if err := st.write(plain, from); err != nil {
			return err
		}
		if err := pace(len(plain)); err != nil {
			return err
		}
	}
	return nil
}

package segment

import "fmt"

// CopyTo fills p with the bytes of the .log from a position on, all of which lie before Size.
func (s *Segment) CopyTo(p []byte, pos int64) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.release()
	if n, err := f.f.ReadAt(p, pos); n < len(p) {
		return fmt.Errorf("read segment %s: %d of %d bytes: %w", s.Path(), n, len(p), err)
	}
	return nil
}

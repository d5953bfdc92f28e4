package server

import "testing"

// TestFirstChunk shows how much is allocated before the first byte of a frame has come: what the announced length says has no part in it,
// only what the connection has sent whole before, and no more than a bound of that.
func TestFirstChunk(t *testing.T) {
	for _, c := range []struct{ last, least, most int }{
		{0, firstChunkBytes, firstChunkBytes},
		{300, firstChunkBytes, firstChunkBytes},
		{1<<20 + 1, 1<<20 + 1, 2 << 20},
		{6 << 20, 6 << 20, provenFrameBytes}, // a batch of 1 MiB for each of six partitions: read without a copy
		{100 << 20, provenFrameBytes, provenFrameBytes},
	} {
		if got := (&conn{proven: c.last}).nextCapacity(0); got < c.least || got > c.most {
			t.Errorf("after a frame of %d bytes: %d, want %d to %d", c.last, got, c.least, c.most)
		}
	}
	if classOf(provenFrameBytes) < 0 {
		t.Error("buffers of proven connections are not used again")
	}
}

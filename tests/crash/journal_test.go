package crash

import "testing"

// mode is a way in which a sweep runs: every sync goes through the journal, or every log is synced by itself; sealed
// segments are compressed and expanded again, or not.
type mode struct{ journal, compress bool }

// everyWay runs a sweep with every log synced by itself, with every sync through the journal, which has room for a few
// rounds only, so that its files are begun anew all the time, and with segment.compression.
func everyWay(t *testing.T, sweep func(t *testing.T, how mode)) {
	t.Helper()
	t.Run("files", func(t *testing.T) { sweep(t, mode{}) })
	t.Run("journal", func(t *testing.T) { sweep(t, mode{journal: true}) })
	t.Run("compressed", func(t *testing.T) { sweep(t, mode{compress: true}) })
}

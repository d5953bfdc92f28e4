package crash

import "testing"

// bothWays runs a sweep with every log synced by itself, and with every sync through the journal, which has room
// for a few rounds only, so that its files are begun anew all the time.
func bothWays(t *testing.T, sweep func(t *testing.T, journal bool)) {
	t.Helper()
	t.Run("files", func(t *testing.T) { sweep(t, false) })
	t.Run("journal", func(t *testing.T) { sweep(t, true) })
}

// always and never are the partitions that must wait for a round in the journal.
const (
	always = 1
	never  = 1 << 20
)

func roundOf(journal bool) int {
	if journal {
		return always
	}
	return never
}

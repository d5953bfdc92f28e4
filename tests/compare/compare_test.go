//go:build compare

package compare

import (
	"fmt"
	"testing"
	"time"

	"weir/tests/brokers"
)

func TestMain(m *testing.M) { brokers.Main(m) }

// TestStarts prints how soon each broker answers on a directory with nothing in it, and what it holds resident when idle.
func TestStarts(t *testing.T) {
	for _, b := range []*brokers.Broker{brokers.Weir(t, nil), brokers.Measured(t, brokers.KindKafka, nil)} {
		time.Sleep(3 * time.Second) // idle means that nothing has happened for a while
		rss, err := b.RSS()
		if err != nil {
			t.Fatal(err)
		}
		b.Stop()
		fmt.Printf("%s: idle %d MiB resident; answers %s after a restart\n", b.Kind, rss>>20, b.Start().Round(time.Millisecond))
	}
}

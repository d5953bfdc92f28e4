//go:build clients

package clients

import (
	"testing"

	"weir/tests/brokers"
)

// TestMatrix has every client write with every codec and every client read all of it: byte for byte what the
// reference reads, and what was written.
func TestMatrix(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			m := &matrix{addr: b.Addr, ref: newReference(t, b.Addr), topics: map[string]string{},
				stored: map[string][][]record{}}
			for _, w := range m.writers() {
				m.topics[w] = m.ref.topic("matrix."+w, int32(len(codecs)), nil)
				m.stored[w] = make([][]record, len(codecs))
			}
			t.Run("write", m.write)
			t.Run("read", m.read)
		})
	}
}

// matrix is all clients on one broker. Partition i of a writer's topic has its records with codec i.
type matrix struct {
	addr   string
	ref    *reference
	topics map[string]string
	stored map[string][][]record // by writer and partition; each writer's test fills its own
}

func (m *matrix) writers() []string {
	names := []string{"kcat"}
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

func (m *matrix) write(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			a := k.agent(t, m.addr)
			for p, codec := range codecs {
				want := samples(uint64(p), int32(p))
				a.do(request{Op: "produce", Topic: m.topics[k.name], Codec: codec, Records: want})
				m.keep(t, k.name, p, want)
			}
		})
	}
	t.Run("kcat", func(t *testing.T) {
		t.Parallel()
		for p, codec := range codecs {
			m.keep(t, "kcat", p, kcat{m.addr, m.ref}.write(t, m.topics["kcat"], p, codec))
		}
	})
}

// keep looks at what a writer stored, with the reference's eyes, and remembers it for the readers.
func (m *matrix) keep(t *testing.T, writer string, partition int, want []record) {
	t.Helper()
	for i, got := range m.ref.read(m.topics[writer], int32(partition), len(want)) {
		if d := difference(want[i], got.record); d != "" {
			t.Errorf("%s with %s, stored at %d: %s", writer, codecs[partition], i, d)
		}
		m.stored[writer][partition] = append(m.stored[writer][partition], got.record)
	}
}

func (m *matrix) read(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			a := k.agent(t, m.addr)
			m.each(t, k.reads, func(topic string, p, count int) []record {
				return a.fetch(request{Topic: topic, Partition: int32(p), Count: count})
			})
		})
	}
	t.Run("kcat", func(t *testing.T) {
		t.Parallel()
		m.each(t, asKcatShows, func(topic string, p, count int) []record {
			return kcat{m.addr, m.ref}.read(t, topic, p, "0", count)
		})
	})
}

// each reads what every writer stored with every codec and compares.
func (m *matrix) each(t *testing.T, shows func(record) record, read func(topic string, p, count int) []record) {
	for _, w := range m.writers() {
		for p, codec := range codecs {
			want := m.stored[w][p]
			for i, got := range read(m.topics[w], p, len(want)) {
				if d := difference(shows(want[i]), got); d != "" || got.Offset != want[i].Offset {
					t.Errorf("what %s wrote with %s at %d was read at %d: %s", w, codec, want[i].Offset, got.Offset, d)
				}
			}
		}
	}
}

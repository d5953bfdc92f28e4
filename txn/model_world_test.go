package txn

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"weir/coordinator"
)

// pass lets time pass: what runs for too long is aborted, what waits for too long is sent away.
func (w *modelWorld) pass(t *rapid.T) {
	w.passes(t, time.Duration(rapid.SampledFrom([]int{500, 1900, 4000, 11_000}).Draw(t, "ms"))*time.Millisecond)
}

func (w *modelWorld) passes(t *rapid.T, d time.Duration) {
	w.tick(d)
	for _, x := range w.ids {
		if x.known && x.state == Ongoing && w.nowMs() >= x.startMs+int64(x.timeout) {
			w.fence(x)
		}
		if f := x.waiting; f != nil && w.nowMs() >= f.until {
			if _, err, ok := f.answer.Peek(); !ok || !errors.Is(err, ErrConcurrent) {
				t.Fatalf("an add to %s waited for too long: %v, %v", x.id, ok, err)
			}
			x.waiting = nil
		}
	}
}

// idle is a week and a day: ids that nobody used are forgotten.
func (w *modelWorld) idle(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
		return
	}
	w.passes(t, 8*24*time.Hour)
	for i, x := range w.ids {
		if x.known && !x.state.ending() {
			w.ids[i] = &modelID{id: x.id, version: x.version}
		}
	}
}

func (w *modelWorld) crashes(t *rapid.T) { w.lost(t, w.crash) }

func (w *modelWorld) moves(t *rapid.T) {
	w.lost(t, func() {
		w.Resign(0)
		w.start()
	})
}

// lost is a shard that goes and comes back: who waited is told, and all else is as it was.
func (w *modelWorld) lost(t *rapid.T, how func()) {
	how()
	for _, x := range w.ids {
		if x.waiting == nil {
			continue
		}
		if _, err, ok := x.waiting.answer.Peek(); !ok || !errors.Is(err, coordinator.ErrNotCoordinator) {
			t.Fatalf("an add to %s that waited: %v, %v", x.id, ok, err)
		}
		x.waiting = nil
	}
}

// agrees changes the protocol under everything.
func (w *modelWorld) agrees(t *rapid.T) {
	w.version = rapid.SampledFrom([]int16{0, Announced, Bumped, Bumped}).Draw(t, "version")
	w.SetVersion(w.version)
}

// check compares the state with the model.
func (w *modelWorld) check(t *rapid.T) {
	var endings []Ending
	for _, x := range w.ids {
		got, err := w.Describe(x.id).Result()
		if !x.known {
			if !errors.Is(err, ErrNotFound) {
				t.Fatalf("%s is not known, and is %+v, %v", x.id, got, err)
			}
			continue
		}
		want := Description{ID: x.id, Producer: x.owner, State: x.state, TimeoutMs: x.timeout, StartMs: x.startMs, Partitions: x.parts}
		if x.state.ending() {
			want.Producer = x.marker
			endings = append(endings, Ending{ID: x.id, ProducerID: x.marker.ID, Epoch: x.marker.Epoch,
				CoordinatorEpoch: w.epoch, Commit: x.state == PrepareCommit, Partitions: x.parts})
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || err != nil {
			t.Fatalf("%s is %+v, %v\nwant %+v", x.id, got, err, want)
		}
	}
	have := slices.SortedFunc(slices.Values(w.endings), func(a, b Ending) int { return int(a.ID[1]) - int(b.ID[1]) })
	if fmt.Sprintf("%+v", have) != fmt.Sprintf("%+v", endings) {
		t.Fatalf("markers are to be written of %+v\nwant %+v", have, endings)
	}
}

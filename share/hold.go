package share

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"weir/internal/clock"
)

// RedriveInstance is the group instance id of the one who redrives (KIP-345).
const RedriveInstance = "redrive"

// ErrHeld says that another redrives the topic's dead letters, ErrHoldLost that it may have begun to: who had the hold was not heard of.
var (
	ErrHeld     = errors.New("another redrive of the topic is under way")
	ErrHoldLost = errors.New("the hold on the topic's dead letters was lost")
)

const (
	// holdLasts is for how long after the last heartbeat that was answered letters may be sent. A member is gone when it was silent for
	// its session, 45 s if no setting says otherwise, so that what was sent before is done with by then.
	holdLasts = 15 * time.Second
	holdRetry = 100 * time.Millisecond
)

// Heartbeat tells the group of a topic's redrives that the member RedriveInstance is there in an epoch, 0 to join and -1 to leave, and gives
// the epoch that it is in then and when it is to be heard of again. The error is ErrHeld when another is that member, ErrHoldLost
// when this one is it no longer.
type Heartbeat func(epoch int32) (now int32, again time.Duration, err error)

// Hold is the right to redrive a topic's dead letters. It is one's at a time, whichever door they came by: he is the member
// RedriveInstance of the topic's RedriveGroup (KIP-848), which the group lets nobody else be, and whose commits alone it takes. What was
// redriven is read under the hold and kept under it.
type Hold struct {
	clock clock.Clock
	beat  Heartbeat
	stop  chan struct{}
	ended chan struct{}

	mu    sync.Mutex // held while the group is spoken to; guards what follows
	epoch int32
	heard time.Time // when the last heartbeat was sent that was answered
	lost  error
}

// TakeHold waits for the hold until over or stop gives something; then the error is ErrHeld. Leave ends it.
func TakeHold(over <-chan time.Time, stop <-chan struct{}, clk clock.Clock, beat Heartbeat) (*Hold, error) {
	h := &Hold{clock: clk, beat: beat, stop: make(chan struct{}), ended: make(chan struct{})}
	for {
		again, err := h.say()
		if err == nil {
			go h.keep(again)
			return h, nil
		}
		if !errors.Is(err, ErrHeld) {
			return nil, fmt.Errorf("join %s: %w", RedriveInstance, err)
		}
		timer := clk.NewTimer(holdRetry)
		select {
		case <-timer.C():
			continue
		case <-over:
		case <-stop:
		}
		timer.Stop()
		return nil, ErrHeld
	}
}

// say sends one heartbeat.
func (h *Hold) say() (again time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	sent := h.clock.Now()
	epoch, again, err := h.beat(h.epoch)
	if err != nil {
		if errors.Is(err, ErrHoldLost) {
			h.lost = err
		}
		return 0, err
	}
	h.epoch, h.heard = epoch, sent
	return again, nil
}

// keep sends heartbeats until the hold is left or lost.
func (h *Hold) keep(again time.Duration) {
	defer close(h.ended)
	for {
		timer := h.clock.NewTimer(again)
		select {
		case <-timer.C():
		case <-h.stop:
			timer.Stop()
			return
		}
		var err error
		if again, err = h.say(); errors.Is(err, ErrHoldLost) {
			return
		} else if err != nil {
			again = time.Second
		}
	}
}

// Held is nil while letters may be sent.
func (h *Hold) Held() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost == nil && h.clock.Now().Sub(h.heard) > holdLasts {
		return ErrHoldLost
	}
	return h.lost
}

// Commit runs commit in the member's epoch, which does not change meanwhile.
func (h *Hold) Commit(commit func(epoch int32) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost != nil {
		return h.lost
	}
	return commit(h.epoch)
}

// Leave lets others have the hold. An error means that they get it when the member's session has ended.
func (h *Hold) Leave() error {
	close(h.stop)
	<-h.ended
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lost != nil {
		return nil
	}
	if _, _, err := h.beat(-1); err != nil {
		return fmt.Errorf("leave %s: %w", RedriveInstance, err)
	}
	return nil
}

package broker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"weir/internal/clock"
)

// schedule runs the broker's periodic work, each task on a goroutine of its own, on the clock.
type schedule struct {
	clock  clock.Clock
	logger *slog.Logger
	ctx    context.Context
	stop   context.CancelFunc
	tasks  sync.WaitGroup
}

func newSchedule(clk clock.Clock, logger *slog.Logger) *schedule {
	ctx, stop := context.WithCancel(context.Background())
	return &schedule{clock: clk, logger: logger, ctx: ctx, stop: stop}
}

// every runs task each interval until close; the next interval begins when the task has ended.
func (s *schedule) every(interval time.Duration, name string, task func(ctx context.Context)) {
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		timer := s.clock.NewTimer(interval)
		defer timer.Stop()
		for {
			select {
			case <-timer.C():
			case <-s.ctx.Done():
				return
			}
			s.run(name, task)
			timer.Reset(interval)
		}
	}()
}

// run keeps a bug in one task from taking the broker down with it.
func (s *schedule) run(name string, task func(ctx context.Context)) {
	defer func() {
		if p := recover(); p != nil {
			s.logger.Error("panic in periodic task", "task", name, "panic", fmt.Sprint(p),
				"stack", string(debug.Stack()))
		}
	}()
	task(s.ctx)
}

// close stops all tasks and waits for those that run.
func (s *schedule) close() {
	s.stop()
	s.tasks.Wait()
}

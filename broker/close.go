package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/log"
)

// Close stops the broker top-down: it accepts nothing new, answers what it has read, ends coordinators, syncs
// and closes every log and notes the clean shutdown. When ctx ends first, connections are cut off, but what
// follows is still done: it is short, and skipping it costs a recovery. Close may be called more than once;
// later calls return the first's result.
func (b *Broker) Close(ctx context.Context) error {
	b.closeOnce.Do(func() { b.closeErr = b.close(ctx) })
	return b.closeErr
}

func (b *Broker) close(ctx context.Context) error {
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if b.handlers != nil {
		b.handlers.Ending()
	}
	if b.door != nil {
		draining, cancel := context.WithTimeout(ctx, b.settings.shutdownTimeout/2)
		if err := b.door.Close(draining); err != nil {
			b.config.Logger.Warn("http requests did not end in time", "error", err)
		}
		cancel()
	}
	if b.server != nil {
		draining, cancel := context.WithTimeout(ctx, b.settings.shutdownTimeout/2)
		if err := b.server.Close(draining); err != nil {
			b.config.Logger.Warn("connections did not end in time", "error", err)
		}
		cancel()
	}
	if b.handlers != nil {
		b.handlers.Close()
	}
	close(b.stopping)
	if b.schedule != nil {
		b.schedule.close()
	}
	if b.reconciled != nil {
		<-b.reconciled
	}
	if b.shares != nil {
		note(b.shares.Close(ctx))
	}
	if b.txns != nil {
		note(b.txns.Close(ctx))
	}
	if b.groups != nil {
		note(b.groups.Close(ctx))
	}
	b.closeLogs(ctx, note)
	if b.cluster != nil {
		note(b.cluster.Close())
	}
	if b.store != nil && b.config.Store == nil {
		note(b.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close broker: %w", err)
	}
	b.config.Logger.Info("weir has stopped", "broker", b.id)
	return nil
}

// closeLogs ends leadership everywhere, so that nothing is appended any more, lets the flusher finish and
// closes the logs.
func (b *Broker) closeLogs(ctx context.Context, note func(error)) {
	if b.partitions != nil {
		for _, p := range b.partitions.All() {
			p.Resign()
		}
	}
	if b.syncer != nil {
		b.syncer.Close()
	}
	if b.directory != nil {
		err := b.directory.Close(ctx)
		if errors.Is(err, log.ErrOffline) {
			b.config.Logger.Warn("partitions were offline", "error", err)
			err = nil
		}
		note(err)
	}
}

// median of at least one duration.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

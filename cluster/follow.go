package cluster

import (
	"context"
	"errors"
	"fmt"

	"weir/metadata"
)

// load reads the whole store into a mirror, shows it, and watches what comes after.
func (c *Cluster) load(ctx context.Context) (*mirror, <-chan Event, error) {
	kvs, rev, err := c.store.Range(ctx, "/")
	if err != nil {
		return nil, nil, err
	}
	m := newMirror(c.config.BrokerID)
	img, err := m.apply(Event{Rev: rev, Changes: kvs})
	if err != nil {
		return nil, nil, err
	}
	events, err := c.store.Watch(ctx, "/", rev+1)
	if err != nil {
		return nil, nil, err
	}
	c.publish(img)
	return m, events, nil
}

// follow turns the store's events into images until ctx ends or the store fails. It owns the mirror.
func (c *Cluster) follow(ctx context.Context, m *mirror, events <-chan Event) {
	defer close(c.done)
	for ctx.Err() == nil {
		e, ok := <-events
		switch {
		case !ok && ctx.Err() == nil:
			c.err = fmt.Errorf("follow metadata: the watch has ended: %w", ErrClosed)
		case !ok:
			return
		case errors.Is(e.Err, ErrCompacted):
			m, events, c.err = c.load(ctx)
		case e.Err != nil:
			c.err = fmt.Errorf("follow metadata: %w", e.Err)
		default:
			var img *metadata.Image
			if img, c.err = m.apply(e); c.err == nil {
				c.publish(img)
			}
		}
		if c.err != nil {
			c.lg.Error("no longer follows the metadata", "error", c.err)
			return
		}
	}
}

func (c *Cluster) publish(img *metadata.Image) {
	c.image.raise(img, func(old *metadata.Image) bool { return old.Revision < img.Revision })
	if c.config.SelfApplied {
		c.Applied(img.Revision)
	}
}

// awaitImage waits until the image shows a revision.
func (c *Cluster) awaitImage(ctx context.Context, rev int64) error {
	return await(ctx, c, &c.image, func(img *metadata.Image) bool { return img.Revision >= rev })
}

// AwaitApplied waits until what runs here matches an image: of a topic that somebody else has just made, say.
func (c *Cluster) AwaitApplied(ctx context.Context, image *metadata.Image) error {
	return c.awaitApplied(ctx, image.Revision)
}

// awaitApplied waits until what runs matches a revision.
func (c *Cluster) awaitApplied(ctx context.Context, rev int64) error {
	return await(ctx, c, &c.applied, func(done int64) bool { return done >= rev })
}

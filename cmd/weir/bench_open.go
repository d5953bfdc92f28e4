package main

import (
	"context"
	"fmt"

	"weir/bench"
	"weir/bench/kafka"
	"weir/bench/limit"
)

// openDriver makes the driver for a target by the protocol it speaks.
func openDriver(ctx context.Context, t bench.Target, c bench.Config) (bench.Driver, error) {
	switch t.Kind {
	case "", "kafka":
		return kafka.Open(ctx, t, c)
	case "limit":
		return limit.NewDriver(t.Bootstrap), nil
	}
	return nil, fmt.Errorf("target %s speaks %q, which is not known", t.Name, t.Kind)
}

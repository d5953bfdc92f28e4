// Package drivers knows which driver speaks a target's protocol.
package drivers

import (
	"context"
	"fmt"
	"strings"

	"weir/bench"
	"weir/bench/kafka"
	"weir/bench/limit"
	"weir/bench/nats"
	"weir/bench/rabbitmq"
	"weir/bench/redis"
	"weir/bench/rivals"
)

// Open makes the driver for a target by its Kind. It is a bench.Opener.
func Open(ctx context.Context, t bench.Target, c bench.Config) (bench.Driver, error) {
	switch t.Kind {
	case "", rivals.Kafka:
		return kafka.Open(ctx, t, c)
	case rivals.NATS:
		return opened(nats.NewDriver(t.Bootstrap))
	case rivals.RabbitMQStream:
		return opened(rabbitmq.NewStreamDriver(t.Bootstrap))
	case rivals.RabbitMQQuorum:
		return opened(rabbitmq.NewQuorumDriver(t.Bootstrap))
	case rivals.Redis:
		return opened(redis.NewDriver(t.Bootstrap))
	case rivals.Limit:
		return limit.NewDriver(t.Bootstrap), nil
	}
	return nil, fmt.Errorf("target %s speaks %q, which is not known; there are %s", t.Name, t.Kind, strings.Join([]string{rivals.Kafka, rivals.NATS,
		rivals.RabbitMQStream, rivals.RabbitMQQuorum, rivals.Redis, rivals.Limit}, ", "))
}

// opened keeps a driver that could not be made from being one that is there.
func opened[D bench.Driver](d D, err error) (bench.Driver, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

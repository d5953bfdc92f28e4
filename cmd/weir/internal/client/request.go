package client

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Headers of requests and replies, as spring-kafka's ReplyingKafkaTemplate has them.
const (
	headerCorrelation    = "kafka_correlationId"
	headerReplyTopic     = "kafka_replyTopic"
	headerReplyPartition = "kafka_replyPartition" // four bytes; may be missing
)

// request is what `request` was asked to do.
type request struct {
	*options
	replies, key, format string
	headers              []string
	wait                 time.Duration
}

func requestCommand(o *options) *cobra.Command {
	r := &request{options: o}
	c := &cobra.Command{
		Use: "request TOPIC MESSAGE", Short: "Send a request and print the reply",
		Long: `Send a request and print the reply, which comes to another topic with the same kafka_correlationId: the headers are
those of spring-kafka's ReplyingKafkaTemplate. The topic for replies is made if it is missing. It takes as long as
--wait at most, and ends with code 1 when no reply came.`,
		Example: `  weir request prices '{"item": 17}' --wait 5s`,
		Args:    Args(cobra.ExactArgs(2)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error { return r.run(c, a[0], a[1]) },
	}
	f := c.Flags()
	f.StringVar(&r.replies, "reply-topic", "", "where the reply comes to (default: TOPIC.replies)")
	f.StringVarP(&r.key, "key", "k", "", "key of the request")
	f.StringArrayVarP(&r.headers, "header", "H", nil, "header of the request, name=value (repeatable)")
	f.StringVarP(&r.format, "format", "f", `%v\n`, "how to print the reply (see consume)")
	f.DurationVar(&r.wait, "wait", 10*time.Second, "how long to wait for the reply")
	return c
}

// replyRetentionMs is how long replies are kept in a topic that was made for them, and the topic when nobody uses it.
const replyRetentionMs = "3600000"

func (r *request) run(c *cobra.Command, topic, message string) error {
	show, err := (&consumption{options: r.options, format: r.format}).printer()
	if err != nil {
		return err
	}
	if r.replies == "" {
		r.replies = topic + ".replies"
	}
	from, err := r.places(c.Context())
	if err != nil {
		return err
	}
	correlation := make([]byte, 16)
	rand.Read(correlation) // never fails
	x := &kgo.Record{Topic: topic, Value: []byte(message)}
	p := production{options: r.options, key: r.key, headers: r.headers, partition: -1}
	if err := p.complete(x); err != nil {
		return err
	}
	x.Headers = append(x.Headers, kgo.RecordHeader{Key: headerCorrelation, Value: correlation},
		kgo.RecordHeader{Key: headerReplyTopic, Value: []byte(r.replies)})
	cl, err := r.dial(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.replies: from}), kgo.UnknownTopicRetries(3),
		kgo.RecordDeliveryTimeout(r.timeout), kgo.FetchMaxWait(500*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(c.Context(), r.wait)
	defer cancel()
	if err := cl.ProduceSync(ctx, x).FirstErr(); err != nil {
		return fmt.Errorf("send the request to %s: %w", topic, err)
	}
	for {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("no reply came to %s within %s: %w", r.replies, r.wait, ctx.Err())
		}
		if err := fatal(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			if reply := it.Next(); string(headerOf(reply, headerCorrelation)) == string(correlation) {
				return show(c.OutOrStdout(), reply)
			}
		}
	}
}

// places is where the topic for replies ends now. The topic is made if it is missing.
func (r *request) places(ctx context.Context) (map[int32]kgo.Offset, error) {
	from := map[int32]kgo.Offset{}
	err := r.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		configs := map[string]*string{"retention.ms": kadm.StringPtr(replyRetentionMs),
			"weir.topic.idle.expire.ms": kadm.StringPtr(replyRetentionMs)}
		answer, err := adm.CreateTopic(ctx, 1, -1, configs, r.replies)
		if errors.Is(answer.Err, kerr.InvalidConfig) { // another broker than Weir
			delete(configs, "weir.topic.idle.expire.ms")
			answer, err = adm.CreateTopic(ctx, 1, -1, configs, r.replies)
		}
		if err = errors.Join(err, answer.Err); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", r.replies, err)
		}
		ends, err := adm.ListEndOffsets(ctx, r.replies)
		if err == nil {
			err = ends.Error()
		}
		if err != nil {
			return fmt.Errorf("list end offsets of %s: %w", r.replies, err)
		}
		ends.Each(func(l kadm.ListedOffset) { from[l.Partition] = kgo.NewOffset().At(l.Offset) })
		return nil
	})
	return from, err
}

func headerOf(r *kgo.Record, name string) []byte {
	for _, h := range r.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return nil
}

// replying is what `reply` was asked to do.
type replying struct {
	receiving
	command []string
}

func replyCommand(o *options) *cobra.Command {
	r := &replying{receiving: receiving{options: o, format: `%v\n`, ack: "accept"}}
	c := &cobra.Command{
		Use: "reply TOPIC --group GROUP [-- COMMAND...]", Short: "Answer requests with what a command makes of them",
		Long: `Receive requests as a member of a share group and answer each with what a command prints that has the request's
value as its input; without a command with that value itself. A request is accepted when its reply is durable. One
whose command fails is released, and comes again as the settings of the group say.`,
		Example: `  weir reply prices --group pricing -- ./price.sh`,
		Args:    Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, a []string) error {
			at := c.ArgsLenAtDash()
			if at < 0 {
				at = len(a)
			}
			if at != 1 {
				return usagef("one topic, then -- and the command")
			}
			r.command = a[at:]
			return r.serve(c, a[0])
		},
	}
	f := c.Flags()
	f.StringVarP(&r.group, "group", "g", "", "the share group (required)")
	f.Int64VarP(&r.count, "count", "n", 0, "stop after so many requests (0: no limit)")
	f.BoolVar(&r.start, "from-start", false, "set the group's share.auto.offset.reset to earliest")
	return c
}

func (r *replying) serve(c *cobra.Command, topic string) error {
	cl, err := r.join(c.Context(), []string{topic}, 1, kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(replyPartition)),
		kgo.UnknownTopicRetries(3), kgo.RecordDeliveryTimeout(r.timeout))
	if err != nil {
		return err
	}
	defer cl.Close()
	for n := int64(0); r.count == 0 || n < r.count; {
		fetches := cl.PollRecords(c.Context(), 1)
		if c.Context().Err() != nil {
			return nil
		}
		if err := fatal(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); n++ {
			x := it.Next()
			status := kgo.AckAccept
			if err := r.answer(c, cl, x); err != nil {
				fmt.Fprintf(c.ErrOrStderr(), "request at %s:%d:%d: %v\n", x.Topic, x.Partition, x.Offset, err)
				status = kgo.AckRelease
			}
			x.Ack(status)
		}
		if err := cl.FlushAcks(c.Context()); err != nil {
			return fmt.Errorf("settle requests: %w", err)
		}
	}
	return nil
}

// answer answers one request. What asks for no reply gets none.
func (r *replying) answer(c *cobra.Command, cl *kgo.Client, x *kgo.Record) error {
	value := x.Value
	if len(r.command) > 0 {
		run := exec.CommandContext(c.Context(), r.command[0], r.command[1:]...)
		run.Stdin, run.Stderr = strings.NewReader(string(x.Value)), c.ErrOrStderr()
		run.Env = append(os.Environ(), "WEIR_REQUEST_KEY="+strings.ReplaceAll(string(x.Key), "\x00", ""))
		var err error
		if value, err = run.Output(); err != nil {
			return fmt.Errorf("run %s: %w", r.command[0], err)
		}
	}
	to := string(headerOf(x, headerReplyTopic))
	if to == "" {
		return nil
	}
	reply := &kgo.Record{Topic: to, Key: x.Key, Value: value, Partition: -1,
		Headers: []kgo.RecordHeader{{Key: headerCorrelation, Value: headerOf(x, headerCorrelation)}}}
	if p := headerOf(x, headerReplyPartition); len(p) == 4 {
		reply.Partition = int32(binary.BigEndian.Uint32(p))
	}
	if err := cl.ProduceSync(c.Context(), reply).FirstErr(); err != nil {
		return fmt.Errorf("reply to %s: %w", to, err)
	}
	return nil
}

// replyPartition is the partition that the request names, else one by its correlation id.
func replyPartition(string) func(*kgo.Record, int) int {
	return func(r *kgo.Record, n int) int {
		if r.Partition >= 0 && int(r.Partition) < n {
			return int(r.Partition)
		}
		return int(crc32.ChecksumIEEE(headerOf(r, headerCorrelation)) % uint32(n))
	}
}

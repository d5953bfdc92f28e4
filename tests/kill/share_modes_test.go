//go:build kill

package kill

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// mode is a way to use the queue.
type mode struct {
	name    string
	topic   map[string]string // settings
	headers func() map[string]string
	send    func(j *jobs, ctx context.Context)
	backlog int           // how far the groups may be behind before the producer waits for them
	pause   time.Duration // the most between two kills
	shifts  []shift
}

// shift is a group and how its members behave.
type shift struct {
	group              string
	settings           map[string]string
	limit              int
	backoff            backoff
	consumers, callers int           // members over Kafka's protocol and over HTTP
	visibility         time.Duration // for which callers hold messages
	// Of a hundred records so many are rejected, released and neither; the rest is accepted. Of a hundred takes so many are extended.
	rejects, releases, holds, extends int
	wants                             func(headers map[string]string) bool // nil for all
	minds                             func(headers map[string]string) bool // whose lag the producer waits for; nil for all
	pace                              time.Duration                        // that a member takes for its work
	also                              func(c *crew, f *findings)
}

// backoff is what the group has, in ms; it doubles.
type backoff struct{ min, max int64 }

// after is the wait after so many deliveries, in ms.
func (b backoff) after(deliveries int) int64 { return min(b.min<<max(deliveries-1, 0), b.max) }

// surely says that a record of these headers is delivered, whatever happens, and that the producer minds.
func (s *shift) surely(headers map[string]string) bool {
	return headers["weir.ttl"] == "" && (s.wants == nil || s.wants(headers)) && (s.minds == nil || s.minds(headers))
}

// ordinary is a group of two share consumers and two callers of the HTTP door that reject, release and let go of some records.
func ordinary(group string, change func(s *shift)) shift {
	s := shift{group: group, limit: 10, consumers: 2, callers: 2, visibility: 800 * time.Millisecond, rejects: 10, releases: 20, holds: 2}
	if change != nil {
		change(&s)
	}
	return s
}

// poor members often say nothing of what they got, of which there are few deliveries.
func poor(s *shift) {
	s.limit, s.visibility, s.rejects, s.releases, s.holds, s.also = 3, 400*time.Millisecond, 0, 15, 25, someExhausted
}

func ms(n int64) string { return strconv.FormatInt(n, 10) }

var modes = []mode{
	{
		name: "order", send: sendOnce, backlog: 300, pause: 300 * time.Millisecond,
		shifts: []shift{ordinary("plain", nil), ordinary("keyed", func(s *shift) { s.settings = map[string]string{"weir.share.order": "key"} })},
	},
	{
		name: "delay", topic: map[string]string{"weir.message.delay.ms": "100"}, headers: delays, send: sendOnce, backlog: 600,
		pause: 400 * time.Millisecond,
		shifts: []shift{
			ordinary("delayed", func(s *shift) { s.backoff, s.releases = backoff{150, 1000}, 35 }),
			ordinary("delayed-keys", func(s *shift) {
				s.backoff, s.settings = backoff{100, 300}, map[string]string{"weir.share.order": "key"}
			}),
		},
	},
	{
		name: "ttl", topic: map[string]string{"weir.message.ttl.ms": "60000"}, headers: lives, send: sendOnce, backlog: 300,
		pause: 400 * time.Millisecond,
		shifts: []shift{
			ordinary("mortal", func(s *shift) { s.backoff, s.releases, s.also = backoff{200, 400}, 30, someExpired }),
			ordinary("mortal-keys", func(s *shift) {
				s.settings, s.also = map[string]string{"weir.share.order": "key"}, someExpired
			}),
		},
	},
	{
		name: "priority", headers: priorities, send: sendOnce, backlog: 1500, pause: time.Second,
		shifts: []shift{ordinary("urgent", func(s *shift) {
			s.settings, s.also = map[string]string{"weir.share.order": "priority"}, highFirst
			s.pace, s.minds = 60*time.Millisecond, func(h map[string]string) bool { return h["weir.priority"] != "0" }
		})},
	},
	{
		name: "filter", headers: routes, send: sendOnce, backlog: 300, pause: 300 * time.Millisecond,
		shifts: []shift{
			ordinary("pattern", func(s *shift) {
				s.settings, s.wants = map[string]string{"weir.share.filter": "pattern:orders.*.eu.#"}, matchesPattern
			}),
			ordinary("expression", func(s *shift) {
				s.settings = map[string]string{"weir.share.filter": `headers["region"] == "eu" && int(headers["amount"]) > 50`}
				s.wants = matchesExpression
			}),
		},
	},
	{
		name: "dedup", topic: map[string]string{"weir.dedup.window.ms": "3600000"}, send: sendAgain, backlog: 300, pause: 300 * time.Millisecond,
		shifts: []shift{ordinary("once", nil)},
	},
	{
		name: "limit", send: sendOnce, backlog: 200, pause: 2 * time.Second,
		shifts: []shift{ordinary("poor", poor), ordinary("poor-keys", func(s *shift) {
			poor(s)
			s.settings = map[string]string{"weir.share.order": "key"}
		})},
	},
	{
		name: "letters", send: sendOnce, backlog: 600, pause: 200 * time.Millisecond,
		shifts: []shift{ordinary("strict", func(s *shift) { s.consumers, s.callers, s.rejects, s.holds = 3, 3, 60, 0 })},
	},
	{
		name: "http", topic: map[string]string{"weir.dedup.window.ms": "3600000"}, send: sendHTTP, backlog: 300, pause: 500 * time.Millisecond,
		shifts: []shift{ordinary("door", func(s *shift) {
			s.consumers, s.callers, s.extends, s.backoff = 0, 4, 15, backoff{100, 400}
		}), ordinary("both", func(s *shift) { s.extends = 10 })},
	},
	{
		name: "committed", send: sendTransactions, backlog: 300, pause: 400 * time.Millisecond,
		shifts: []shift{ordinary("careful", func(s *shift) {
			s.settings = map[string]string{"share.isolation.level": "read_committed"}
		})},
	},
}

// priorities are high, but for few.
func priorities() map[string]string {
	if rand.IntN(20) == 0 {
		return map[string]string{"weir.priority": "0"}
	}
	return map[string]string{"weir.priority": ms(5 + rand.Int64N(5))}
}

// delays are none, some after the record and some at a time.
func delays() map[string]string {
	switch rand.IntN(4) {
	case 0:
		return nil
	case 1:
		return map[string]string{"weir.deliver.after": "0"}
	case 2:
		return map[string]string{"weir.deliver.after": ms(rand.Int64N(1500))}
	}
	return map[string]string{"weir.deliver.at": ms(time.Now().UnixMilli() + rand.Int64N(2000) - 200)}
}

// lives are long or short, and some end before the record is due.
func lives() map[string]string {
	switch rand.IntN(4) {
	case 0:
		return map[string]string{"weir.ttl": ms(1 + rand.Int64N(1500))}
	case 1:
		return map[string]string{"weir.ttl": ms(200 + rand.Int64N(300)), "weir.deliver.after": ms(rand.Int64N(600))}
	}
	return nil
}

func routes() map[string]string {
	pick := func(of ...string) string { return of[rand.IntN(len(of))] }
	h := map[string]string{"weir.routing.key": strings.Join([]string{pick("orders", "bills"), pick("new", "old"), pick("eu", "us"),
		pick("a", "a.b")}, ".")}
	if rand.IntN(5) > 0 {
		h["region"] = pick("eu", "us")
	}
	if rand.IntN(5) > 0 {
		h["amount"] = pick("10", "50", "51", "1000", "many")
	}
	return h
}

func matchesPattern(h map[string]string) bool {
	words := strings.Split(h["weir.routing.key"], ".")
	return len(words) >= 3 && words[0] == "orders" && words[2] == "eu"
}

// matchesExpression is false where the expression fails.
func matchesExpression(h map[string]string) bool {
	amount, err := strconv.Atoi(h["amount"])
	return h["region"] == "eu" && err == nil && amount > 50
}

// someExpired wants records that died of age, and some that were accepted all the same.
func someExpired(c *crew, f *findings) {
	if f.expired == 0 {
		c.t.Errorf("%s: no record outlived its time", c.group)
	}
}

func someExhausted(c *crew, f *findings) {
	if f.exhausted == 0 {
		c.t.Errorf("%s: no record was delivered too often", c.group)
	}
}

// highFirst wants the highest priorities to wait the least, and some of the lowest to be delivered though higher ones wait.
func highFirst(c *crew, f *findings) {
	low, high := f.waited[0], f.waited[9]
	c.t.Logf("%s: on average %d deliveries went before a record of priority 9 and %d before one of priority 0; %d of priority 0 came while "+
		"a hundred others waited", c.group, high, low, f.lucky)
	if high >= low {
		c.t.Errorf("%s: priority 9 waited for %d deliveries, priority 0 for %d", c.group, high, low)
	}
	if f.lucky == 0 {
		c.t.Errorf("%s: no record of priority 0 came while others waited", c.group)
	}
}

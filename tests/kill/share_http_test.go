//go:build kill

package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"weir/tests/checker"
)

// caller is a client of the HTTP door. What it holds when it is cut off stays held until the lock ends.
type caller struct {
	queue, group string
	http         *http.Client
	ctx          context.Context // ends when it is cut off
	kill         context.CancelFunc
	visibility   time.Duration
}

func (c *crew) newCaller(ctx context.Context) hand {
	h := &caller{queue: c.queue(), group: c.group, http: &http.Client{Transport: &http.Transport{}}, visibility: c.visibility}
	h.ctx, h.kill = context.WithCancel(ctx)
	return h
}

// queue is where the door has the topic.
func (j *jobs) queue() string { return "http://" + j.door + "/v1/queues/work/" }

// post sends a request and decodes the answer to it. Without an answer there is an error.
func post(ctx context.Context, cl *http.Client, url string, body, answer any) (status int, err error) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return 0, fmt.Errorf("encode a request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &sent)
	if err != nil {
		return 0, fmt.Errorf("make a request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := cl.Do(req)
	if err != nil {
		return 0, fmt.Errorf("post %s: %w", url, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if resp.StatusCode < 300 {
		err = json.Unmarshal(text, answer)
	}
	return resp.StatusCode, err
}

func (h *caller) take(context.Context) ([]given, error) {
	var answer struct {
		Messages []struct {
			Receipt       string
			Partition     int32
			Offset        int64
			DeliveryCount int `json:"delivery_count"`
			Headers       map[string]string
		}
	}
	began := time.Now().UnixNano()
	status, err := post(h.ctx, h.http, fmt.Sprintf("%sreceive?group=%s&max=20&wait_ms=200&visibility_ms=%d", h.queue, h.group,
		h.visibility.Milliseconds()), nil, &answer)
	arrived := time.Now().UnixNano()
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("receive: status %d", status)
	}
	if err != nil {
		time.Sleep(5 * time.Millisecond) // the broker is away
		return nil, err
	}
	all := make([]given, len(answer.Messages))
	for i, m := range answer.Messages {
		all[i] = given{receipt: m.Receipt, headers: m.Headers, delayMs: -1, Delivery: &checker.Delivery{Place: checker.Place{Partition: m.Partition, Offset: m.Offset},
			Count: m.DeliveryCount, Began: began, Arrived: arrived, Until: began + int64(h.visibility)}}
	}
	return all, nil
}

// kind is one request for several messages.
type kind struct {
	verdict checker.Verdict
	delayMs int64
}

func (h *caller) settle(_ context.Context, all []given) {
	kinds := map[kind][]given{}
	for _, g := range all {
		kinds[kind{g.Verdict, g.delayMs}] = append(kinds[kind{g.Verdict, g.delayMs}], g)
	}
	for k, those := range kinds {
		verb, body := "ack", map[string]any{}
		if k.verdict != checker.Accepted {
			verb = "nack"
		}
		switch {
		case k.verdict == checker.Rejected:
			body["reject"] = true
		case k.verdict == checker.Released && k.delayMs >= 0:
			body["delay_ms"] = k.delayMs
		}
		asked := time.Now().UnixNano()
		outcomes := h.about(verb, body, those)
		for i, g := range those {
			g.Asked, g.Ended, g.Outcome = asked, time.Now().UnixNano(), outcomes[i]
		}
	}
}

// about asks something for messages, and gives what is known of each.
func (h *caller) about(verb string, body map[string]any, all []given) []checker.Outcome {
	receipts, outcomes := make([]string, len(all)), make([]checker.Outcome, len(all))
	for i, g := range all {
		receipts[i], outcomes[i] = g.receipt, checker.Unknown
	}
	body["receipts"] = receipts
	var answer struct {
		Results []struct{ Error *struct{ Status int } }
	}
	status, err := post(h.ctx, h.http, h.queue+verb, body, &answer)
	switch {
	case err != nil:
	case status == http.StatusConflict && len(all) == 1:
		outcomes[0] = checker.Failed
	case status < 300:
		for i, r := range answer.Results {
			switch {
			case r.Error == nil:
				outcomes[i] = checker.OK
			case r.Error.Status == http.StatusConflict:
				outcomes[i] = checker.Failed
			}
		}
	}
	return outcomes
}

func (h *caller) extend(_ context.Context, all []given) {
	asked := time.Now().UnixNano()
	for i, outcome := range h.about("extend", map[string]any{"visibility_ms": 2 * h.visibility.Milliseconds()}, all) {
		switch outcome {
		case checker.OK:
			all[i].Until = asked + 2*int64(h.visibility)
		case checker.Unknown:
			all[i].Until = min(all[i].Until, asked+2*int64(h.visibility))
		}
	}
}

func (h *caller) cut() { h.kill() }

func (h *caller) close() { h.http.CloseIdleConnections() }

// send sends one message until it is answered, and gives where it is.
func (h *caller) send(message map[string]any) (at checker.Place, err error) {
	for {
		var answer struct {
			Partition *int32
			Offset    *int64
		}
		status, err := post(h.ctx, h.http, h.queue+"messages", message, &answer)
		switch {
		case err == nil && status == http.StatusOK && answer.Partition != nil && answer.Offset != nil:
			return checker.Place{Partition: *answer.Partition, Offset: *answer.Offset}, nil
		case err == nil && status < 500 && status != http.StatusTooManyRequests:
			return at, fmt.Errorf("send: status %d", status)
		case h.ctx.Err() != nil:
			return at, errors.New("cut off")
		}
		time.Sleep(5 * time.Millisecond) // the broker is away
	}
}

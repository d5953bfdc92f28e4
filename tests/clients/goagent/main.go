// Command goagent puts the Go clients behind the test agents' line protocol: goagent CLIENT BOOTSTRAP, where
// CLIENT is sarama, kafka-go or franz-go. It is a module of its own so that their versions stay out of
// Weir's.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// client is what each of the three clients does; see agent.go in the folder above for the operations.
type client interface {
	hello() (answer, error)
	create(request) error
	remove(request) error
	produce(request) (answer, error)
	fetch(request) (answer, error)
	offset(request) (answer, error)
	committed(request) (answer, error)
	join(request) error
	state() (answer, error)
	commit() error
	leave() error
}

// transactor is a client that has transactional producers.
type transactor interface {
	begin(request) error
	end(request) error
}

// sharer is a client that has members of share groups.
type sharer interface {
	shareOpen(request) error
	sharePoll(request) (answer, error)
	shareAck(request) error
	shareClose(request) error
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: goagent sarama|kafka-go|franz-go BOOTSTRAP")
		os.Exit(2)
	}
	var c client
	switch bootstrap := os.Args[2]; os.Args[1] {
	case "sarama":
		c = newSarama(bootstrap)
	case "kafka-go":
		c = newKafkaGo(bootstrap)
	case "franz-go":
		c = newFranz(bootstrap)
	default:
		fmt.Fprintln(os.Stderr, "no such client:", os.Args[1])
		os.Exit(2)
	}
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			fmt.Fprintln(os.Stderr, "read a request:", err)
			os.Exit(1)
		}
		a, err := dispatch(c, q)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			return
		}
	}
}

func dispatch(c client, q request) (answer, error) {
	switch q.Op {
	case "hello":
		return c.hello()
	case "create":
		return answer{}, c.create(q)
	case "delete":
		return answer{}, c.remove(q)
	case "produce":
		return c.produce(q)
	case "fetch":
		return c.fetch(q)
	case "offset":
		return c.offset(q)
	case "committed":
		return c.committed(q)
	case "join":
		return answer{}, c.join(q)
	case "state":
		return c.state()
	case "commit":
		return answer{}, c.commit()
	case "leave":
		return answer{}, c.leave()
	}
	if t, ok := c.(transactor); ok {
		switch q.Op {
		case "begin":
			return answer{}, t.begin(q)
		case "end":
			return answer{}, t.end(q)
		}
	}
	if s, ok := c.(sharer); ok {
		switch q.Op {
		case "share_open":
			return answer{}, s.shareOpen(q)
		case "share_poll":
			return s.sharePoll(q)
		case "share_ack":
			return answer{}, s.shareAck(q)
		case "share_close":
			return answer{}, s.shareClose(q)
		}
	}
	return answer{}, fmt.Errorf("unknown op %q", q.Op)
}

package rivals

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
)

// redis starts a Redis server that appends to a file.
func redis(appendfsync string) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		bin, err := program("redis-server", "Debian's package redis-server")
		if err != nil {
			return err
		}
		version, err := exec.CommandContext(ctx, bin, "--version").Output()
		if err != nil {
			return fmt.Errorf("ask for its version: %w", err)
		}
		addrs, err := loopback(1)
		if err != nil {
			return err
		}
		for word := range strings.FieldsSeq(string(version)) {
			if v, ok := strings.CutPrefix(word, "v="); ok {
				s.target.Version = v
			}
		}
		s.target.Bootstrap = addrs[0]
		s.target.Settings[syncKey] = map[string]string{"everysec": "no: every second (appendfsync everysec)",
			"always": "yes (appendfsync always)"}[appendfsync]
		s.target.Settings["storage"] = "everything in memory; appendonly yes, no snapshots (save '')"
		cmd := exec.Command(bin, "--bind", "127.0.0.1", "--port", portOf(addrs[0]), "--dir", s.target.DataDir, "--daemonize", "no",
			"--appendonly", "yes", "--appendfsync", appendfsync, "--save", "")
		return s.serve(ctx, cmd, func(ctx context.Context) error { return probeRedis(ctx, addrs[0]) })
	}
}

func probeRedis(ctx context.Context, addr string) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len("+PONG\r\n"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("read its answer: %w", err)
	}
	if string(answer) != "+PONG\r\n" {
		return fmt.Errorf("it answers %q", answer)
	}
	return nil
}

// connect opens a connection on which nothing takes longer than ctx allows.
func connect(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

package rivals

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// nats starts a NATS server with JetStream on files.
func nats(synced bool) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		bin, err := program("nats-server", "see nats.io", filepath.Join(s.Cache, "brokers", "nats-server"))
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
		interval := ""
		s.target.Settings[syncKey] = "no: every two minutes (sync_interval, its default)"
		if synced {
			interval = "sync_interval: always"
			s.target.Settings[syncKey] = "yes (sync_interval: always)"
		}
		s.target.Settings["storage"] = "file, one replica"
		s.target.Settings["fsync of acknowledgements"] = "no: done in memory, and written down ten times a second"
		s.target.Version, s.target.Bootstrap = strings.TrimPrefix(lastWord(string(version)), "v"), addrs[0]
		file, err := s.write("nats.conf", fmt.Sprintf("listen: %q\njetstream {\n  store_dir: %q\n  %s\n}\n", addrs[0], s.target.DataDir, interval))
		if err != nil {
			return err
		}
		return s.serve(ctx, exec.Command(bin, "-c", file), func(ctx context.Context) error { return probeNATS(ctx, addrs[0]) })
	}
}

// probeNATS reads the line with which the server greets and looks whether JetStream runs.
func probeNATS(ctx context.Context, addr string) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	line, err := bufio.NewReaderSize(conn, 64<<10).ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read its greeting: %w", err)
	}
	if !bytes.Contains(line, []byte(`"jetstream":true`)) {
		return errors.New("it greets without JetStream")
	}
	return nil
}

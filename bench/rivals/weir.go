package rivals

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// weir starts Weir with its defaults, or answering from the page cache.
func weir(synced bool) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		addrs, err := loopback(1)
		if err != nil {
			return err
		}
		bin, err := s.weirBinary()
		if err != nil {
			return err
		}
		args := []string{"serve", "--set", "listeners=PLAINTEXT://" + addrs[0], "--set", "log.dirs=" + s.target.DataDir}
		s.target.Settings[syncKey] = "yes, one sync for all who wait (its default)"
		if !synced {
			args = append(args, "--set", "log.flush.interval.messages="+noFlush)
			s.target.Settings[syncKey] = "no (log.flush.interval.messages=" + noFlush + ")"
		}
		s.target.Bootstrap = addrs[0]
		version, err := exec.CommandContext(ctx, bin, "--version").Output()
		if err != nil {
			return fmt.Errorf("ask for its version: %w", err)
		}
		s.target.Version = lastWord(string(version))
		cmd := exec.Command(bin, args...)
		cmd.Env = withoutSettings(os.Environ())
		return s.serve(ctx, cmd, func(ctx context.Context) error { return ProbeKafka(ctx, addrs[0]) })
	}
}

// noFlush is Apache Kafka's default of flush.messages.
const noFlush = "9223372036854775807"

func (s *site) weirBinary() (string, error) {
	if s.Weir != "" {
		return s.Weir, nil
	}
	bin, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return bin, nil
}

// withoutSettings drops what Weir would take for a setting.
func withoutSettings(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "WEIR_") || strings.HasPrefix(v, "KAFKA_")
	})
}

func lastWord(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

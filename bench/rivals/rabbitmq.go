package rivals

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// rabbitmqScripts are where packages put the script that runs the server itself. The one that Debian has on the PATH is not among
// them: it runs only as the system's own service would.
var rabbitmqScripts = []string{"/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/local/lib/rabbitmq/bin/rabbitmq-server",
	"/opt/rabbitmq/sbin/rabbitmq-server"}

// rabbitmq starts a RabbitMQ node with the stream plugin, beside an Erlang port mapper of its own, both on 127.0.0.1 only and with
// every path in the broker's directory: no system service is touched.
func rabbitmq(kind string) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		script, err := program("rabbitmq-server", "Debian's package rabbitmq-server", rabbitmqScripts...)
		if err != nil {
			return err
		}
		mapper, err := program("epmd", "Debian's package erlang-base", erlangMappers()...)
		if err != nil {
			return err
		}
		addrs, err := loopback(4)
		if err != nil {
			return err
		}
		amqp, stream, distribution, names := addrs[0], addrs[1], addrs[2], addrs[3]
		env, err := s.rabbitmqEnvironment(amqp, stream, distribution, names)
		if err != nil {
			return err
		}
		mapping := exec.Command(mapper, "-port", portOf(names), "-address", "127.0.0.1")
		mapping.Env = env
		if err := s.serve(ctx, mapping, func(ctx context.Context) error { return dial(ctx, names) }); err != nil {
			return fmt.Errorf("epmd: %w", err)
		}
		s.target.Bootstrap, s.target.Settings[syncKey] = stream, "no (streams are never synced)"
		if kind == RabbitMQQuorum {
			s.target.Bootstrap, s.target.Settings[syncKey] = amqp, "yes, one sync for all who wait (its default)"
		}
		cmd := exec.Command(script)
		cmd.Env = env
		err = s.serve(ctx, cmd, func(ctx context.Context) error {
			if err := probeAMQP(ctx, amqp); err != nil {
				return err
			}
			return dial(ctx, stream)
		})
		s.measureErlang()
		s.target.Version = versionIn(s.tail(1 << 20))
		return err
	}
}

// rabbitmqEnvironment writes the node's files and gives the environment it starts with.
func (s *site) rabbitmqEnvironment(amqp, stream, distribution, names string) ([]string, error) {
	config, err := s.write("rabbitmq.conf", strings.Join([]string{
		"listeners.tcp.default = " + amqp,
		"stream.listeners.tcp.1 = " + stream,
		"stream.advertised_host = 127.0.0.1",
		"stream.advertised_port = " + portOf(stream),
		"log.file.level = warning",
	}, "\n")+"\n")
	if err != nil {
		return nil, err
	}
	plugins, err := s.write("enabled_plugins", "[rabbitmq_stream].\n")
	if err != nil {
		return nil, err
	}
	nothing, err := s.write("rabbitmq-env.conf", "")
	if err != nil {
		return nil, err
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "RABBITMQ_") || strings.HasPrefix(v, "ERL_") || strings.HasPrefix(v, "HOME=")
	})
	return append(env, "HOME="+s.dir, "ERL_EPMD_PORT="+portOf(names), "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=weir-bench-"+portOf(amqp)+"@localhost", "RABBITMQ_DIST_PORT="+portOf(distribution),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_CONF_ENV_FILE="+nothing, "RABBITMQ_CONFIG_FILE="+config, "RABBITMQ_ENABLED_PLUGINS_FILE="+plugins,
		"RABBITMQ_MNESIA_BASE="+s.target.DataDir, "RABBITMQ_LOG_BASE="+s.path("log"), "RABBITMQ_PID_FILE="+s.path("pid")), nil
}

// erlangMappers are where Erlang keeps its port mapper if not on the PATH.
func erlangMappers() []string {
	found, _ := filepath.Glob("/usr/lib/erlang/erts-*/bin/epmd") // the pattern is well formed
	return found
}

// measureErlang takes the virtual machine for the broker's process instead of the script that started it.
func (s *site) measureErlang() {
	for _, p := range descendants(s.target.PID) {
		if strings.HasPrefix(p.name, "beam") {
			s.target.PID = p.pid
		}
	}
}

var rabbitmqVersion = regexp.MustCompile(`RabbitMQ ([0-9][0-9.]*[0-9])`)

// versionIn finds the version in what the server prints when it starts.
func versionIn(output string) string {
	if found := rabbitmqVersion.FindStringSubmatch(output); found != nil {
		return found[1]
	}
	return ""
}

// probeAMQP opens the protocol and waits for the first frame of the answer, whose type is 1 (a method).
func probeAMQP(ctx context.Context, addr string) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "AMQP\x00\x00\x09\x01"); err != nil {
		return err
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil {
		return fmt.Errorf("read its answer: %w", err)
	}
	if first[0] != 1 {
		return fmt.Errorf("it answers with a frame of type %d; want 1", first[0])
	}
	return nil
}

package rivals

import (
	"context"
	"net"
	"os/exec"
)

// limit starts the program that does only what physics asks for.
func limit(synced bool) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		addrs, err := loopback(1)
		if err != nil {
			return err
		}
		bin, err := s.weirBinary()
		if err != nil {
			return err
		}
		args := []string{"bench", "limit-server", "--listen", addrs[0], "--dir", s.target.DataDir}
		s.target.Settings[syncKey] = "yes, one sync for all who wait"
		if !synced {
			args = append(args, "--no-sync")
			s.target.Settings[syncKey] = "no"
		}
		s.target.Bootstrap = addrs[0]
		return s.serve(ctx, exec.Command(bin, args...), func(ctx context.Context) error { return dial(ctx, addrs[0]) })
	}
}

// dial finds out whether somebody listens.
func dial(ctx context.Context, addr string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

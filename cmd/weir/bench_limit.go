package main

import (
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"weir/bench/limit"
	"weir/cmd/weir/internal/client"
)

// benchLimitCommand runs the least broker there can be, as a process of its own so that its CPU time is measured like a
// broker's.
func benchLimitCommand() *cobra.Command {
	var listen, dir string
	var noSync bool
	c := &cobra.Command{
		Use:   "limit-server",
		Short: "Run the least that a broker can be, to measure others against",
		Long: `Run a server that does only what physics asks of a broker: receive, checksum, write, fdatasync, answer; and
sendfile to read. "weir bench" measures it like a broker, so that every figure can be read as a multiple of it.

It prints "listening on HOST:PORT" once it serves, and removes its files when it is interrupted.`,
		Example: `  weir bench limit-server --listen 127.0.0.1:9300 --dir /var/tmp/limit`,
		Args:    client.Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "listening on", l.Addr())
			return limit.NewServer(dir, noSync).Serve(c.Context(), l)
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:0", "where to listen, host:port; port 0 picks a free one")
	f.StringVar(&dir, "dir", "limit-data", "where to keep the files")
	f.BoolVar(&noSync, "no-sync", false, "answer from the page cache, without fdatasync")
	return c
}

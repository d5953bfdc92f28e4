// Command weir is the broker and everything that goes with it: server, client, demo, benchmark. Each command
// is flags made into a Config and one call into a room.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// release is the version of this tree.
const release = "0.1.0"

// commit is what it was built from; the Makefile sets it with -ldflags -X, and nothing changes it afterwards.
var commit string

// version is what weir --version and the broker's start line tell.
var version = versionOf(release, commit)

func versionOf(release, commit string) string {
	if commit == "" {
		return release
	}
	return release + "+" + commit
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "weir:", err)
		os.Exit(exitCode(err))
	}
}

// exitCode is the code that an error brings along, else 1.
func exitCode(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

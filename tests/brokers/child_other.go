//go:build !linux

package brokers

import "os/exec"

// startChild starts a process.
func startChild(cmd *exec.Cmd) error { return cmd.Start() }

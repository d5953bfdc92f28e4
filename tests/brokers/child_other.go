//go:build !linux

package brokers

import "os/exec"

// StartChild starts a process.
func StartChild(cmd *exec.Cmd) error { return cmd.Start() }

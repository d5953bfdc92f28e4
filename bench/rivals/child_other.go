//go:build !linux

package rivals

import "os/exec"

func prepareChild(*exec.Cmd) {}

func awaitEnd(*exec.Cmd) {}

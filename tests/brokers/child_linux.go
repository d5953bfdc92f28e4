package brokers

import (
	"os/exec"
	"syscall"
)

// startChild starts a process that ends with this one, also when this one is killed.
func startChild(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Start()
}

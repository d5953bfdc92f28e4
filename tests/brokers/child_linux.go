package brokers

import (
	"os/exec"
	"syscall"
)

// StartChild starts a process that ends with this one, also when this one is killed.
func StartChild(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Start()
}

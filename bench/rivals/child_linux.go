package rivals

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// prepareChild gives the process a group of its own and has it killed when this process ends.
func prepareChild(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitEnd returns when the process has ended and kills what it left in its group. Until Wait is called the process keeps its
// number, so that no other group can have it.
func awaitEnd(cmd *exec.Cmd) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH: nobody is left, which is the rule
}

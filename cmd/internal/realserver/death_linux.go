package realserver

import "syscall"

// diesWithParent lets the kernel end a server whose test was killed and could not clean up.
func diesWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

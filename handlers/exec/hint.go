package exec

import (
	"errors"
	"io/fs"
	"os"
	osexec "os/exec"
	"slices"
	"syscall"
	"time"
)

// sandboxHint says where to look.
const sandboxHint = "the sandbox of the systemd unit may forbid what it needs: see iqd-plugins.conf"

// hint returns sandboxHint where it fits how a child has ended, or nothing. What
// systemd forbids comes as an error of a system call, which some programs take for
// the end of the world: Node stops itself by SIGTRAP when it may not write code.
func hint(err error, lived time.Duration) string {
	if os.Getenv("INVOCATION_ID") == "" || lived > shortLife { // systemd.exec(5): every service has one
		return ""
	}
	if errors.Is(err, fs.ErrPermission) {
		return sandboxHint
	}
	var exit *osexec.ExitError
	if !errors.As(err, &exit) {
		return ""
	}
	ended, ok := exit.Sys().(syscall.WaitStatus)
	signals := []syscall.Signal{
		syscall.SIGABRT, syscall.SIGBUS, syscall.SIGILL, syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGTRAP,
	}
	if !ok || !ended.Signaled() || !slices.Contains(signals, ended.Signal()) {
		return ""
	}
	return sandboxHint
}

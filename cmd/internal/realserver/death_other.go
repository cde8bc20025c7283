//go:build !linux

package realserver

import "syscall"

// diesWithParent has no counterpart off Linux, where these servers are not started anyway.
func diesWithParent() *syscall.SysProcAttr { return nil }

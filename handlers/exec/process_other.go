//go:build !linux

package exec

import "syscall"

// groupOfItsOwn makes a child the leader of a group.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// closeOnExec does nothing: what Go opens is marked already.
func closeOnExec() {}

// reap waits for the child and kills what is left of its group.
func (p *process) reap() error {
	err := p.cmd.Wait()
	p.signal(syscall.SIGKILL)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	return err
}

package exec

import (
	"errors"
	"os"
	osexec "os/exec"
	"runtime"
	"sync"
	"syscall"
)

// A process is one life of a child. It leads a process group of its own, so that
// what it starts ends with it.
type process struct {
	cmd                   *osexec.Cmd
	stdin, stdout, stderr *os.File      // our ends
	done                  chan struct{} // closed when it is gone, and its group with it
	err                   error         // how it ended, once done is closed

	mu   sync.Mutex
	gone bool // its number may be somebody else's by now
}

// startProcess starts a child. Nothing that iqd has open is open in it but the
// three pipes, and of iqd's environment it has what it was given.
func startProcess(prog *program) (*process, error) {
	if prog.makeDir {
		if err := os.MkdirAll(prog.dir, 0o700); err != nil {
			return nil, err
		}
	}
	p := &process{done: make(chan struct{})}
	p.cmd = &osexec.Cmd{Path: prog.path, Args: prog.args, Dir: prog.dir, Env: prog.env, SysProcAttr: groupOfItsOwn()}
	theirs, err := p.pipe()
	if err == nil {
		p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
		started := make(chan error)
		go p.live(started)
		err = <-started
	}
	for _, f := range theirs {
		_ = f.Close() // the child has its own
	}
	if err != nil {
		p.closeFiles()
		return nil, err
	}
	return p, nil
}

// pipe makes the three pipes and returns the child's ends of them.
func (p *process) pipe() (theirs []*os.File, err error) {
	var errs [3]error
	var in, out, errOut *os.File
	in, p.stdin, errs[0] = os.Pipe()
	p.stdout, out, errs[1] = os.Pipe()
	p.stderr, errOut, errs[2] = os.Pipe()
	for _, f := range []*os.File{in, out, errOut} {
		if f != nil {
			theirs = append(theirs, f)
		}
	}
	return theirs, errors.Join(errs[:]...)
}

// live starts the process and sees it to its end. The kernel kills the child when
// the thread that has started it ends (prctl(2), PR_SET_PDEATHSIG), and not only
// with the whole of iqd: so that thread is kept for as long as the child lives
// (golang.org/issue/27505). It has nothing else to do than to wait for it.
func (p *process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	closeOnExec()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = p.reap()
	close(p.done)
}

// signal sends a signal to the child and to all that it has started and that is
// still in its group.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		_ = syscall.Kill(-p.cmd.Process.Pid, sig) // that nobody is left is no fault
	}
}

func (p *process) closeFiles() {
	for _, f := range []*os.File{p.stdin, p.stdout, p.stderr} {
		if f != nil {
			_ = f.Close() // nobody reads what was not written
		}
	}
}

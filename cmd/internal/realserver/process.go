package realserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errPortTaken tells that another program listens on a port meant for the server.
var errPortTaken = errors.New("port is taken")

// process is one run of a server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// launch starts the server and waits until it listens on the ports.
func (s *Server) launch(ports ...int) error {
	out, err := os.OpenFile(filepath.Join(s.Dir, "output.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer out.Close()
	cmd := s.kind.command(s)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, out, out
	cmd.SysProcAttr = diesWithParent()
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // however it ends: exited says that it did
	}()
	s.mu.Lock()
	s.proc = p
	s.mu.Unlock()
	if err := p.waitFor(ports); err != nil {
		p.kill()
		return err
	}
	return nil
}

// waitFor waits until the process listens on the ports.
func (p *process) waitFor(ports []int) error {
	var err error
	up := poll(startTimeout, func() bool {
		if p.exited() {
			err = errors.New("it ended by itself")
			return true
		}
		for _, port := range ports {
			var mine bool
			if mine, err = p.owns(port); !mine || err != nil {
				return err != nil
			}
		}
		return true
	})
	if !up {
		return fmt.Errorf("ports %v are not open after %v", ports, startTimeout)
	}
	return err
}

// owns reports whether the process listens on the port. It asks the kernel and does not connect: a
// connection would show in the server's log, and would be taken by whoever listens there.
func (p *process) owns(port int) (bool, error) {
	inode := listener(port)
	if inode == "" {
		return false, nil
	}
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
	if err != nil {
		return false, err
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && target == "socket:["+inode+"]" {
			return true, nil
		}
	}
	return false, fmt.Errorf("%w: %d", errPortTaken, port)
}

// listener returns the inode of the IPv4 socket that listens on the port, or nothing.
func listener(port int) string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	const localAddress, state, inode, listening = 1, 3, 9, "0A"
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > inode && f[state] == listening && strings.HasSuffix(f[localAddress], suffix) {
			return f[inode]
		}
	}
	return ""
}

func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop asks the process to end, and ends it when it does not.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	p.resume() // a paused process hears of no signal but SIGKILL
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.kill()
	}
}

func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// pause returns when all threads of the process stand still.
func (p *process) pause() {
	p.signal(syscall.SIGSTOP)
	poll(time.Second, func() bool { return p.exited() || p.state() == "T" })
}

func (p *process) resume() { p.signal(syscall.SIGCONT) }

// state is the letter that stands for it in /proc: "T" for stopped.
func (p *process) state() string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(text), ") ") // behind the name of the program
	return after[:min(1, len(after))]
}

func (p *process) signal(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig) // that it has ended already is no fault
}

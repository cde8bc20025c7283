// Package realserver starts real XMPP servers for tests: a private Prosody or ejabberd as Debian
// packages them, on free ports of 127.0.0.1, with users, components and clients that iqd did not write.
//
// Methods that fail the test do it through the testing.TB that Start or Login was given, and so
// belong on the goroutine of that test.
package realserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The kinds of server that Start knows.
const (
	Prosody  = "prosody"
	Ejabberd = "ejabberd"
)

// Domain is the domain of all users, Password the password of each.
const (
	Domain   = "localhost"
	Password = "password"
)

// Options says what to start. The zero value is one component iqd.localhost with the secret "test-secret".
type Options struct {
	Component     string            // domain of the first component
	Secret        string            // its secret
	Components    map[string]string // further components: domain to secret
	NoComponent   bool              // leave the first component out; without any, nothing listens on ComponentPort
	ComponentPort int               // zero: a free one; needed where Snippet names a port
	KickOld       bool              // a second connection replaces the first; Prosody only
	StanzaLimit   int               // bytes that a component may send as one stanza; zero: the server's default
	TLS           bool              // components may connect with direct TLS to TLSPort too
	Users         []string          // beside alice and bob
	Delegate      []string          // namespaces that the server delegates to the first component (XEP-0355)

	// Snippet stands where the component's configuration would: at the end of Prosody's file; under
	// "listen:" of ejabberd's, or in an included file when it has a "listen:" of its own.
	// It is used as it is, and Components and TLS are not looked at.
	Snippet string
	// Extra is configuration at the top level: Lua ahead of the hosts, or YAML.
	Extra string
}

// Server is a running server.
type Server struct {
	Kind       string
	Domain     string // of the users
	Component  string
	Secret     string
	Components map[string]string // all of them, the first included

	C2SPort       int
	ComponentPort int
	TLSPort       int    // direct TLS for components; zero without Options.TLS
	CAFile        string // what to verify TLSPort with
	Dir           string // the server's files

	t         testing.TB
	opts      Options
	kind      kind
	users     []string
	adminPort int    // ejabberd: where its node takes commands
	socket    string // Prosody: where its shell listens

	mu   sync.Mutex
	proc *process // the last one started
}

// kind is what differs between the servers.
type kind struct {
	missing func() error        // says that it is not installed
	prepare func(*Server) error // writes the configuration and the accounts
	command func(*Server) *exec.Cmd
	ready   func(*Server) bool // asked when the ports are open
	ctl     func(s *Server, args []string) *exec.Cmd
	logs    []string // file names in Dir
}

func kinds() map[string]kind {
	return map[string]kind{Prosody: prosody(), Ejabberd: ejabberd()}
}

// Start starts a server, waits until users can log in, and stops it when the test ends. Where the
// server is not installed the test is skipped; when CI is set in the environment it fails.
func Start(t testing.TB, name string, opts Options) *Server {
	t.Helper()
	k, ok := kinds()[name]
	if !ok {
		t.Fatalf("realserver: no such kind of server: %q", name)
	}
	need(t, name, k.missing)
	s := newServer(t, name, k, opts)
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", name, tail(s.Log(), 4000))
		}
	})
	var err error
	for range 3 {
		if err = s.firstStart(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		t.Fatalf("start %s: %v\n%s", name, err, tail(s.Log(), 4000))
	}
	return s
}

func newServer(t testing.TB, name string, k kind, opts Options) *Server {
	t.Helper()
	if opts.Component == "" {
		opts.Component = "iqd." + Domain
	}
	if opts.Secret == "" {
		opts.Secret = "test-secret"
	}
	s := &Server{
		Kind: name, Domain: Domain, Component: opts.Component, Secret: opts.Secret,
		Components: map[string]string{}, Dir: t.TempDir(),
		t: t, opts: opts, kind: k, users: append([]string{"alice", "bob"}, opts.Users...),
	}
	for domain, secret := range opts.Components {
		s.Components[domain] = secret
	}
	if !opts.NoComponent {
		s.Components[opts.Component] = opts.Secret
	}
	// A test's own folder can be too long a path for a Unix socket.
	dir, err := os.MkdirTemp("", "iqd-socket")
	if err != nil {
		t.Fatalf("create a folder for a socket: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.socket = filepath.Join(dir, "admin.sock")
	return s
}

// firstStart chooses the ports, writes the files and starts the server on them.
func (s *Server) firstStart() error {
	s.choosePorts()
	if err := s.writeCertificate(); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	if err := s.kind.prepare(s); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if err := s.launch(s.ports()...); err != nil {
		return err
	}
	if !poll(startTimeout, func() bool { return s.kind.ready(s) || s.process().exited() }) {
		return errors.New("it listens, but did not get ready")
	}
	if s.process().exited() {
		return errors.New("it ended by itself")
	}
	return nil
}

func (s *Server) choosePorts() {
	s.C2SPort, s.adminPort = FreePort(s.t), FreePort(s.t)
	if s.ComponentPort = s.opts.ComponentPort; s.ComponentPort == 0 {
		s.ComponentPort = FreePort(s.t)
	}
	if s.opts.TLS {
		s.TLSPort = FreePort(s.t)
	}
}

// ports are those that the server opens.
func (s *Server) ports() []int {
	ports := []int{s.C2SPort}
	if s.hasComponent() {
		ports = append(ports, s.ComponentPort)
	}
	if s.TLSPort != 0 && s.opts.Snippet == "" {
		ports = append(ports, s.TLSPort)
	}
	return ports
}

func (s *Server) hasComponent() bool { return s.opts.Snippet != "" || len(s.Components) > 0 }

// ComponentAddr is where components connect, as host:port.
func (s *Server) ComponentAddr() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ComponentPort))
}

// TLSAddr is where components connect with direct TLS.
func (s *Server) TLSAddr() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.TLSPort))
}

// Stop ends the server as an operator does, with SIGTERM, and waits for its end.
func (s *Server) Stop() {
	if p := s.process(); p != nil {
		p.stop()
	}
}

// Kill ends the server with SIGKILL, as a crash would.
func (s *Server) Kill() {
	if p := s.process(); p != nil {
		p.kill()
	}
}

// StartAgain starts a stopped or killed server with the ports and the data that it had, and returns
// as soon as the component port is open.
func (s *Server) StartAgain() {
	s.t.Helper()
	port := s.C2SPort
	if s.hasComponent() {
		port = s.ComponentPort
	}
	if err := s.launch(port); err != nil {
		s.t.Fatalf("start %s again: %v\n%s", s.Kind, err, tail(s.Log(), 4000))
	}
}

// Restart is Stop and StartAgain.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.StartAgain()
}

// WaitReady waits after StartAgain until users can log in.
func (s *Server) WaitReady() {
	s.t.Helper()
	Eventually(s.t, startTimeout, func() bool {
		p := s.process()
		for _, port := range s.ports() {
			if ok, err := p.owns(port); !ok || err != nil {
				return false
			}
		}
		return s.kind.ready(s)
	})
}

// Pause halts the server with SIGSTOP: its sockets stay, nobody reads them.
func (s *Server) Pause() { s.process().pause() }

// Resume ends a Pause.
func (s *Server) Resume() { s.process().resume() }

// PID is the process of the running server.
func (s *Server) PID() int { return s.process().cmd.Process.Pid }

// Log returns what the server has logged since Start.
func (s *Server) Log() string {
	var all []byte
	for _, name := range append([]string{"output.log"}, s.kind.logs...) {
		text, _ := os.ReadFile(filepath.Join(s.Dir, name)) // it may not be there yet
		all = append(all, text...)
	}
	return string(all)
}

// Ctl gives the running server an operator's command and returns what it printed: the arguments of
// prosodyctl ("shell", "module", "reload", "component", "iqd.localhost") or of ejabberdctl ("status").
func (s *Server) Ctl(args ...string) (string, error) {
	cmd := s.kind.ctl(s, args)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), fmt.Errorf("%s %q: %w: %s", s.Kind, args, err, exit.Stderr)
	}
	return string(out), err
}

func (s *Server) process() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

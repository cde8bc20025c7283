package componenttest

import (
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// An Option changes how Run, Ask and Start set the stage.
type Option func(*setting)

type setting struct {
	server     Options
	config     []func(*component.Config)
	before     []func(*Server)
	exit       func(error)
	timeout    time.Duration
	offline    bool
	violations bool
}

func newSetting(opts []Option) *setting {
	s := &setting{timeout: 10 * time.Second}
	s.server.Hosts = []string{"example.net"}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Domain sets the component's domain. The default is iq.example.net.
func Domain(domain string) Option { return func(s *setting) { s.server.Domain = domain } }

// Hosts sets the server's own domains, whose users are local. The default is
// example.net.
func Hosts(hosts ...string) Option { return func(s *setting) { s.server.Hosts = hosts } }

// As sets whose ways the server has. The default is Prosody.
func As(p Personality) Option { return func(s *setting) { s.server.Personality = p } }

// Stage changes the options of the server.
func Stage(f func(*Options)) Option { return func(s *setting) { f(&s.server) } }

// Configure changes the configuration of the component.
func Configure(f func(*component.Config)) Option {
	return func(s *setting) { s.config = append(s.config, f) }
}

// Before has f called with the server before the component starts: to set a
// fault.
func Before(f func(*Server)) Option { return func(s *setting) { s.before = append(s.before, f) } }

// Offline makes Start return without waiting for the component to be online.
func Offline() Option { return func(s *setting) { s.offline = true } }

// OnExit has f called with what the component's Run returned. Without it an
// error, other than of a context that was cancelled, fails the test.
func OnExit(f func(error)) Option { return func(s *setting) { s.exit = f } }

// Timeout sets the longest that Run, Ask and Start wait for one thing. The
// default is 10 s.
func Timeout(d time.Duration) Option { return func(s *setting) { s.timeout = d } }

// AllowViolations lets the test pass although the component sent what XMPP
// forbids. The server's Violations still tell.
func AllowViolations() Option { return func(s *setting) { s.violations = true } }

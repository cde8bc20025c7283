package componenttest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
)

// A Personality says whose ways a Server has.
type Personality string

// The personalities: a Prosody 0.12 and an ejabberd 23.01, as Debian has them.
const (
	Prosody  Personality = "prosody"
	Ejabberd Personality = "ejabberd"
)

// Options say what a Server is. A zero field is the default.
type Options struct {
	Domain      string      // of the component; iq.example.net
	Secret      string      // of the component; "secret"
	Hosts       []string    // of the server itself; the parent of Domain
	Personality Personality // Prosody

	KickOld   bool        // Prosody's component_conflict_resolve = "kick_old"
	MaxStanza int         // bytes of a stanza from the component; Prosody: 512 KiB, ejabberd: no limit
	StreamID  string      // the id of each stream; made anew
	Buffer    int         // bytes that a connection of Dial holds each way; 64 KiB
	TLS       *tls.Config // of Listen: TLS from the first byte

	// Trace gets all that goes over the wire, stanza by stanza as far as the
	// component writes them; sent: by the server. It may be called concurrently.
	Trace func(sent bool, data string)
}

// ErrOffline says that no component is connected to send to.
var ErrOffline = errors.New("componenttest: no component is connected")

// ErrServerClosed says that the server has been closed.
var ErrServerClosed = errors.New("componenttest: server closed")

// A Server is the component port of an XMPP server. IQs that the component sends
// to itself are routed back to it and pings to the server's hosts are answered,
// as a real server does; all other stanzas wait in a queue for the test, which
// plays the users.
type Server struct {
	opts    Options
	running sync.WaitGroup

	mu        sync.Mutex
	changed   *sync.Cond // of mu: anything below has changed
	closed    bool
	conns     []*stream // every connection
	online    []*stream // those that serve the component's domain
	accepted  int       // streams that came online so far
	turn      int       // of online: which gets the next stanza
	queue     []stanza
	violated  []string
	listeners []net.Listener
	faults    faults
}

// faults are the levers that stay where they are put.
type faults struct {
	stopped bool // reads nothing
	deaf    bool // routes nothing
	mute    bool // accepts and says nothing
	refuse  int  // dials to refuse; negative: all
	segment int  // bytes in one piece
	glue    string
	reject  string // the stream error in place of an accepted handshake
}

// NewServer returns a server that waits for Dial or Listen. It is closed with
// Close.
func NewServer(opts Options) *Server {
	opts.Domain = cmp.Or(opts.Domain, "iq.example.net")
	opts.Secret = cmp.Or(opts.Secret, "secret")
	opts.Personality = cmp.Or(opts.Personality, Prosody)
	opts.Buffer = cmp.Or(opts.Buffer, 64<<10)
	if _, parent, ok := strings.Cut(opts.Domain, "."); ok && opts.Hosts == nil {
		opts.Hosts = []string{parent}
	}
	if opts.MaxStanza == 0 && opts.Personality == Prosody {
		opts.MaxStanza = 512 << 10
	}
	s := &Server{opts: opts}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Close ends all connections without a word and waits for what the server runs.
func (s *Server) Close() {
	s.change(func() {
		s.closed = true
		for _, l := range s.listeners {
			l.Close()
		}
		for _, st := range s.conns {
			st.drop()
		}
	})
	s.running.Wait()
}

// Dial connects to the server in memory. It is what component.Config.Dial wants.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := newPipe(s.opts.Buffer)
	if !s.accept(far) {
		return nil, &net.OpError{Op: "dial", Net: "memory", Addr: pipeAddr{}, Err: syscall.ECONNREFUSED}
	}
	return near, nil
}

// Listen accepts connections over TCP too, at the address that it returns.
func (s *Server) Listen() (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.change(func() { s.listeners = append(s.listeners, l) })
	s.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if s.opts.TLS != nil {
				conn = tls.Server(conn, s.opts.TLS)
			}
			if !s.accept(conn) {
				abort(conn)
			}
		}
	})
	return l.Addr().String(), nil
}

// accept serves a connection, unless it is to be refused.
func (s *Server) accept(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.faults.refuse != 0 {
		if s.faults.refuse > 0 {
			s.faults.refuse--
		}
		return false
	}
	st := newStream(s, conn)
	s.conns = append(s.conns, st)
	st.setSegment(s.faults.segment)
	s.running.Go(st.read)
	s.running.Go(st.write)
	return true
}

// change calls f under the lock and wakes who waits.
func (s *Server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.changed.Broadcast()
}

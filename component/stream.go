package component

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

const closeTimeout = 2 * time.Second // for the server to end a stream that we have closed

// A stream is one connection to the server, from the header to its end. One
// goroutine at a time reads it, one at a time writes it, and only bytes pass
// between them.
type stream struct {
	c    *Component
	conn net.Conn
	rd   *wire.Reader
	st   wire.Stanza // of the goroutine that reads
	now  int64       // when the last bytes came, ns since the epoch; of the goroutine that reads
	junk uint64
	lim  *served // whose limits rd has
	dog  watchdog

	try      *tryConn // writes what the kernel takes at once; nil: not this kind of connection
	writeEnd time.Time
	kicks    chan struct{}

	once     sync.Once
	ended    chan struct{} // closed when the stream is of no more use
	err      error         // why; read after ended
	readDone chan struct{} // closed when nobody reads any more
	over     chan struct{} // closed when the stream is gone

	heard     atomic.Int64  // when the last stanza was routed to us
	confirmed atomic.Uint64 // as many of all replies ever written have been read by a server
	paused    atomic.Bool   // the server takes nothing, so we read nothing
	taken     int64         // by the kernel when we last looked; of the goroutine that keeps alive
	nonce     string        // resource of the checks of this stream
}

func (c *Component) newStream(conn net.Conn) *stream {
	s := &stream{
		c: c, conn: conn, kicks: make(chan struct{}, 1), try: newTryConn(conn),
		ended: make(chan struct{}), readDone: make(chan struct{}), over: make(chan struct{}),
		nonce: newID(),
	}
	s.dog.wake = make(chan struct{}, 1)
	s.lim = c.served.Load()
	s.rd = wire.NewReader(s, s.lim.limits.stanza())
	return s
}

// Read reads from the connection for the wire reader, which asks only when no
// whole stanza is left. What has been answered so far is written first.
func (s *stream) Read(p []byte) (int, error) {
	if v := s.c.served.Load(); v != s.lim {
		s.lim = v
		s.rd.SetLimits(v.limits.stanza())
	}
	s.c.out.flush(s, false)
	s.c.inUse.Store(nil)
	s.c.out.waitRoom(s)
	n, err := s.conn.Read(p)
	s.now = s.c.now()
	return n, err
}

// end notes that the stream is of no more use, and why. The first reason counts.
func (s *stream) end(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.ended)
	})
}

// run serves a stream whose handshake has been accepted until it ends, or until
// ctx does. It returns why it ended; nil: because of ctx.
func (s *stream) run(ctx context.Context) error {
	c := s.c
	s.confirmed.Store(c.out.replied.Load()) // what other streams took is their matter
	c.out.attach(s, c.now())
	c.wg.Add(5)
	go s.writer()
	go s.lead()
	go s.keepAlive()
	go s.confirm()
	go func() {
		defer c.wg.Done()
		s.dog.watch(s.over, s.handOver)
	}()
	var err error
	select {
	case <-s.ended:
		err = s.err
	case <-ctx.Done():
	}
	cut := c.out.detach(s)
	c.calls.broke() // before the good-bye: calls that begin during it wait for the next stream
	s.count(err)
	if !cut { // nothing that follows half a stanza would be understood
		s.goodbye(err)
	}
	s.end(err)
	_ = s.conn.Close() // nothing is left to be lost
	<-s.readDone
	close(s.over)
	return err
}

// goodbye closes the stream as RFC 6120, 4.4 has it: our closing tag, then what
// the server still has to say, then the connection.
func (s *stream) goodbye(err error) {
	var last string
	var se *StreamError
	switch {
	case errors.As(err, &se) && se.ByUs:
		last = "<stream:error><" + se.Condition + " xmlns='" + nsStreams + "'/></stream:error></stream:stream>"
	case err == nil, errors.Is(err, wire.ErrClosed), errors.Is(err, errDeaf), se != nil:
		last = "</stream:stream>"
	default:
		return // nobody there to say it to
	}
	_ = s.conn.SetDeadline(time.Now().Add(closeTimeout))
	// A connection of the caller's own may know no deadlines.
	defer time.AfterFunc(closeTimeout, func() { _ = s.conn.Close() }).Stop()
	if _, werr := io.WriteString(s.conn, last); werr != nil {
		return
	}
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok && err != nil {
		_ = half.CloseWrite()
	}
	select {
	case <-s.readDone:
	case <-time.After(closeTimeout):
		return
	}
	if se != nil && se.ByUs {
		// What is unread would reset the connection, and the server might not see our reason.
		_, _ = io.Copy(io.Discard, s.conn)
	}
}

// writer writes what others than the reader have put into the output.
func (s *stream) writer() {
	defer s.c.wg.Done()
	for {
		select {
		case <-s.kicks:
			yield() // others may be about to add to it
			s.c.out.flush(s, true)
		case <-s.ended:
			return
		}
	}
}

func (s *stream) kickWriter() {
	select {
	case s.kicks <- struct{}{}:
	default:
	}
}

// write hands b to the kernel. Without wait it is done when the kernel would
// have us wait.
func (s *stream) write(b []byte, wait bool) (int, error) {
	if wait {
		return s.conn.Write(b)
	}
	if s.try == nil {
		return 0, nil
	}
	return s.try.write(b)
}

// extendWrite moves the deadline of writes, now and then. The output's lock is
// held.
func (s *stream) extendWrite() {
	now := time.Now()
	if s.writeEnd.Sub(now) > writeStall-5*time.Second {
		return
	}
	s.writeEnd = now.Add(writeStall)
	_ = s.conn.SetWriteDeadline(s.writeEnd)
}

// abortWrite ends a write that is under way. The output's lock is held.
func (s *stream) abortWrite() { _ = s.conn.SetWriteDeadline(time.Unix(1, 0)) }

// readError says what the end of reading means.
func readError(err error) error {
	var syn *wire.SyntaxError
	switch {
	case errors.As(err, &syn):
		return &StreamError{Condition: syn.Condition, Text: syn.Text, ByUs: true}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the server is silent")
	}
	return err
}

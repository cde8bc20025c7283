package component_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// A tap is the component's end of a connection. It notes what it handed over,
// what it took, and when: that, and not what a server made of it, is what the
// promises are about.
type tap struct {
	net.Conn

	mu      sync.Mutex
	in, out record
	blocked [][2]time.Time // when a write had to wait
	down    time.Time      // no longer of use to the component
	lost    bool           // that was not its own doing
	broken  bool           // something has gone wrong

	read, written []seen // by the component: set by digest
}

// A record is a run of bytes, and by when each was there.
type record struct {
	buf   []byte
	marks []mark
}

type mark struct {
	end int
	at  time.Time
}

func (r *record) add(p []byte) {
	if len(p) > 0 {
		r.buf = append(r.buf, p...)
		r.marks = append(r.marks, mark{len(r.buf), time.Now()})
	}
}

func (r *record) when(end int) time.Time {
	for _, m := range r.marks {
		if m.end >= end {
			return m.at
		}
	}
	return time.Time{}
}

// Read hands bytes to the component.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.in.add(p[:n])
	if err != nil {
		t.fell(err)
	}
	return n, err
}

// Write takes bytes from the component.
func (t *tap) Write(p []byte) (int, error) {
	start := time.Now()
	n, err := t.Conn.Write(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out.add(p[:n])
	if time.Since(start) > 0 {
		t.blocked = append(t.blocked, [2]time.Time{start, time.Now()})
	}
	if err != nil {
		t.fell(err)
	}
	return n, err
}

// Close closes the connection.
func (t *tap) Close() error {
	t.mu.Lock()
	t.fell(nil)
	t.mu.Unlock()
	return t.Conn.Close()
}

// CloseWrite ends one direction.
func (t *tap) CloseWrite() error { return t.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// fell notes the first thing that made the connection useless. A deadline is the
// component's own doing, to end a write.
func (t *tap) fell(err error) {
	if t.down.IsZero() {
		t.down, t.lost = time.Now(), err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	}
	t.broken = t.broken || err != nil
}

// digest makes stanzas of what passed, once nothing passes any more.
func (t *tap) digest() { t.read, t.written = t.in.stanzas(), t.out.stanzas() }

// closed reports whether the server has ended the stream in words.
func (t *tap) closed() bool {
	return bytes.Contains(t.in.buf, []byte("<stream:error>")) || bytes.Contains(t.in.buf, []byte("</stream:stream>"))
}

// accepted reports whether the server has let the component in: until then there
// is no stream that could break.
func (t *tap) accepted() bool { return len(t.read) > 0 && t.read[0].el.Name().Local == "handshake" }

// healthy reports whether the component could write to the connection then.
func (t *tap) healthy(at time.Time) bool {
	const slack = 50 * time.Millisecond
	for _, b := range t.blocked {
		if !at.Before(b[0].Add(-slack)) && !at.After(b[1].Add(slack)) {
			return false
		}
	}
	return t.accepted() && at.After(t.read[0].at.Add(slack)) && (t.down.IsZero() || at.Before(t.down.Add(-slack)))
}

// A seen is a whole element on a stream, and when its end was there.
type seen struct {
	el  component.Element
	raw string
	at  time.Time
}

// stanzas returns the whole elements of a stream, up to the first byte that is
// none of theirs.
func (r *record) stanzas() (list []seen) {
	dec := xml.NewDecoder(bytes.NewReader(r.buf))
	var start int64
	for depth := 0; ; {
		before := dec.InputOffset()
		tok, err := dec.RawToken()
		if err != nil {
			return list
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth == 2 {
				start = before
			}
		case xml.EndElement:
			if depth--; depth != 1 {
				continue
			}
			end := dec.InputOffset()
			raw := string(r.buf[start:end])
			el, err := component.ParseElement(raw)
			if err != nil {
				return list
			}
			list = append(list, seen{el, raw, r.when(int(end))})
		}
	}
}

// isIQ reports whether it is an IQ of one of these types.
func (s seen) isIQ(types ...string) bool {
	return s.el.Name().Local == "iq" && slices.Contains(types, s.el.Get("type"))
}

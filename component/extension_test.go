package component_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iqd-xmpp/iqd/component"
)

// TestRunIsRestarted: an extension's Run that ends early is started again, with
// growing pauses, whatever ended it, and Run outlives the stream.
func TestRunIsRestarted(t *testing.T) {
	for label, end := range map[string]func() error{
		"error": func() error { return errors.New("tired") }, "nil": func() error { return nil },
		"panic": func() error { panic("on fire") }, "goexit": func() error { runtime.Goexit(); return nil },
	} {
		t.Run(label, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book logbook
				var runs atomic.Int64
				cfg := quiet(muxOf(t, component.Extension{Name: "tired", Run: func(context.Context, component.Requester) error {
					runs.Add(1)
					return end()
				}}))
				cfg.Log = book.logger()
				r := begin(t, cfg)
				time.Sleep(5 * time.Minute)
				if n := runs.Load(); n < 5 || n > 60 {
					t.Errorf("started %d times in five minutes", n)
				}
				if !book.has("ended early") || !book.has("handler=tired") {
					t.Errorf("log:\n%s", book.String())
				}
				r.alive()
			})
		})
	}
}

// TestStanzas: presence and messages come one at a time, in order, from a queue
// that is bounded; what the extension does with them harms nobody.
func TestStanzas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		g := newGate()
		defer g.open()
		s := newSolo(t, quiet(muxOf(t, component.Extension{Name: "listens", Stanza: func(_ context.Context, st *component.Stanza) {
			mu.Lock()
			got = append(got, st.Kind+" "+st.Type+" "+st.ID+" "+st.From+" "+st.To+" "+st.Lang+fmt.Sprintf(" %t %s", st.HasPayload, st.Element.Child("", "body").Text()))
			n := len(got)
			mu.Unlock()
			switch n {
			case 1:
				panic("on fire")
			case 2:
				runtime.Goexit()
			case 3:
				<-g.ch
			}
		}})))
		s.up()
		for i := range 2000 {
			s.send(fmt.Sprintf("<message type='chat' id='%d' xml:lang='de' from='%s' to='a@%s'><body>hi</body></message>", i, juliet, domain))
		}
		s.send("<message id='foreign' from='" + juliet + "' to='other.example.net'/>")
		s.alive()
		g.open()
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if n := s.comp.Stats().Ignored; len(got) < 1025 || len(got) > 1027 || n != uint64(2001-len(got)) {
			t.Errorf("%d were delivered and %d ignored, want 1024 and what was taken out meanwhile, and the rest", len(got), n)
		}
		if want := "message chat 7 juliet@example.net/balcony a@iq.example.net de true hi"; got[7] != want {
			t.Errorf("got %q, want %q", got[7], want)
		}
		if !slices.IsSortedFunc(got[3:10], strings.Compare) {
			t.Errorf("not in order: %q", got[:10])
		}
	})
}

// TestBadClosers: whatever an extension does at its end, the others are closed and
// Run returns.
func TestBadClosers(t *testing.T) {
	for label, ext := range map[string]component.Extension{
		"error":   {Close: func() error { return errors.New("no") }},
		"panic":   {Close: func() error { panic("on fire") }},
		"goexit":  {Close: func() error { runtime.Goexit(); return nil }},
		"runs on": {Run: func(context.Context, component.Requester) error { return nil }},
	} {
		t.Run(label, func(t *testing.T) {
			var book logbook
			ext.Name = "bad"
			if ext.Run != nil { // a goroutine that nobody can end
				block := newGate()
				t.Cleanup(block.open)
				ext.Run = func(context.Context, component.Requester) error { <-block.ch; return nil }
			}
			closed := false
			cfg := quiet(muxOf(t, ext, component.Extension{Name: "good", Close: func() error { closed = true; return nil }}))
			cfg.Log = book.logger()
			cfg.Limits.DrainTimeout = 100 * time.Millisecond
			s := newSolo(t, cfg)
			s.up()
			s.stop()
			if !closed || !book.has("handler=bad") || s.err != nil {
				t.Errorf("Run() = %v, the other was closed: %v, log:\n%s", s.err, closed, book.String())
			}
		})
	}
}

package iqdcmd_test

import (
	"encoding/xml"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func xmlName(space, local string) xml.Name { return xml.Name{Space: space, Local: local} }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// A screen keeps what a command prints.
type screen struct {
	mu   sync.Mutex
	text string
	news chan struct{}
}

func newScreen(r io.Reader) *screen {
	s := &screen{news: make(chan struct{}, 1)}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			s.mu.Lock()
			s.text += string(buf[:n])
			s.mu.Unlock()
			select {
			case s.news <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

// wait waits until want is printed, and forgets what was before it.
func (s *screen) wait(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		_, after, ok := strings.Cut(s.text, want)
		if ok {
			s.text = after
		}
		text := s.text
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-s.news:
		case <-deadline:
			t.Fatalf("%q was not printed, but\n%s", want, text)
		}
	}
}

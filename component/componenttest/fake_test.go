package componenttest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A fakeT is a test whose failures are looked at.
type fakeT struct {
	name     string
	mu       sync.Mutex
	messages []string // of Errorf and Fatalf
	cleanups []func()
	subtests []*fakeT
}

func (f *fakeT) Helper()                  {}
func (f *fakeT) Name() string             { return f.name }
func (f *fakeT) Logf(string, ...any)      {}
func (f *fakeT) Cleanup(c func())         { f.cleanups = append(f.cleanups, c) }
func (f *fakeT) Context() context.Context { return context.Background() }

func (f *fakeT) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// Run makes subtests, as *testing.T does.
func (f *fakeT) Run(name string, test func(*fakeT)) bool {
	sub := try(f.name+"/"+name, test)
	f.subtests = append(f.subtests, sub)
	f.messages = append(f.messages, sub.messages...)
	return len(sub.messages) == 0
}

// failure returns all that was complained about.
func (f *fakeT) failure() string { return strings.Join(f.messages, "\n") }

func (f *fakeT) end() {
	for len(f.cleanups) > 0 {
		last := f.cleanups[len(f.cleanups)-1]
		f.cleanups = f.cleanups[:len(f.cleanups)-1]
		last()
	}
}

// try runs a test to its end, cleanups included, on a goroutine that it may end.
func try(name string, test func(*fakeT)) *fakeT {
	f := &fakeT{name: name}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer f.end()
		test(f)
	}()
	<-done
	return f
}

// wantFailure fails unless the test complained of each of these, or of nothing
// where none is given.
func wantFailure(t *testing.T, f *fakeT, parts ...string) {
	t.Helper()
	if len(parts) == 0 && len(f.messages) > 0 {
		t.Errorf("test failed: %s", f.failure())
	}
	for _, p := range parts {
		if !strings.Contains(f.failure(), p) {
			t.Errorf("test complained of %q, want %q in it", f.failure(), p)
		}
	}
}

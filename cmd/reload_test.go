package iqdcmd_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// makeFIFO replaces the configuration file by one whose reader hangs until
// somebody writes.
func (r *running) makeFIFO() {
	r.t.Helper()
	if err := os.Remove(r.path); err != nil {
		r.t.Fatal(err)
	}
	if err := syscall.Mkfifo(r.path, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// held returns the FIFO for writing, once the daemon reads it: until then, to
// open it waits.
func (r *running) held() *os.File {
	r.t.Helper()
	f, err := os.OpenFile(r.path, os.O_WRONLY, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { f.Close() })
	return f
}

// Fault S02, S03: a reload that hangs keeps nobody from stopping.
func TestS02SIGTERMIsObeyedWhileAReloadHangs(t *testing.T) {
	m := newManager(t)
	r := stage(t, "[handlers.ping]\n").start().online()
	r.makeFIFO()
	r.signals <- sigHUP
	m.expect(`RELOADING=1\n.*`)
	r.held()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	r.signals <- sigTERM
	m.expect(`STOPPING=1\n.*`)
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0\n%s", code, r.log)
	}
	if strings.Contains(r.log.String(), "reload failed") {
		t.Errorf("the reload is told of after the end:\n%s", r.log)
	}
}

// Fault S02: nor does it keep the second signal from ending all.
func TestS02TheSecondSIGTERMIsObeyedWhileAReloadHangs(t *testing.T) {
	r := stage(t, "[handlers.stuck]\n[limits]\ndrain_timeout = '1h'\n").start().online()
	r.send("juliet@example.net/balcony", "1", nsStuck, "query")
	r.ask("juliet@example.net/balcony", "urn:example:none", "query") // so that the one before is under way
	r.makeFIFO()
	r.signals <- sigHUP
	r.held()
	r.signals <- sigTERM
	r.signals <- sigTERM
	if code := r.exit(); code != 1 {
		t.Errorf("exit code %d after the second signal, want 1", code)
	}
}

// What is asked for during a reload is done after it, once.
func TestReloadsDuringAReloadBecomeOne(t *testing.T) {
	r := stage(t, "[handlers.ping]\n")
	r.signals = make(chan os.Signal) // so that one sent is one taken
	r.start().online()
	text, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	r.makeFIFO()
	r.signals <- sigHUP
	f := r.held()
	for range 20 {
		r.signals <- sigHUP
	}
	r.feed(f, string(text))
	r.log.wait(t, `"msg":"reloaded"`)
	r.feed(r.held(), string(text)+"[handlers.time]\n")
	r.log.wait(t, `"handlers":2`)
	if _, err := os.OpenFile(r.path, os.O_WRONLY|syscall.O_NONBLOCK, 0); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("the file is being read a third time: %v", err)
	}
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// feed writes the configuration that a FIFO is read for.
func (r *running) feed(f *os.File, text string) {
	r.t.Helper()
	if _, err := f.WriteString(text); err != nil {
		r.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		r.t.Fatal(err)
	}
}

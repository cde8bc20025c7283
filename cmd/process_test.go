package iqdcmd_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// startProcess runs iqd as a process of its own, whose log goes to r.log.
func (r *running) startProcess() *exec.Cmd {
	r.t.Helper()
	cmd := r.process()
	cmd.Stderr = r.log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	return cmd
}

// process returns iqd as a process of its own: iqd run, unless args say another
// command.
func (r *running) process(args ...string) *exec.Cmd {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	if args == nil {
		args = []string{"run", "-c", r.path}
	}
	cmd := exec.CommandContext(r.t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asIQD+"=1", "STATE_DIRECTORY="+r.env["STATE_DIRECTORY"])
	return cmd
}

func signal(t *testing.T, cmd *exec.Cmd, sig os.Signal) {
	t.Helper()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// exitOf waits for a process and returns its exit code.
func exitOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// Checklist 16 and 75, faults S01 and S03, with the signals themselves.
func TestS01ProcessObeysSignals(t *testing.T) {
	for name, sig := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, "[handlers.ping]\n")
			cmd := r.startProcess()
			r.online()
			signal(t, cmd, syscall.SIGHUP)
			r.log.wait(t, `"msg":"reloaded"`)
			if got := r.ping(); !isResult(got) {
				t.Errorf("ping was answered with %s", got)
			}
			signal(t, cmd, sig)
			if code := exitOf(t, cmd); code != 0 {
				t.Errorf("exit code %d, want 0\n%s", code, r.log)
			}
		})
	}
}

// Fault S02.
func TestS02ProcessEndsAtTheSecondSignal(t *testing.T) {
	r := stage(t, "[handlers.stuck]\n[limits]\ndrain_timeout = '1h'\n")
	cmd := r.startProcess()
	r.online()
	r.send("juliet@example.net/balcony", "1", nsStuck, "query")
	r.ask("juliet@example.net/balcony", "urn:example:none", "query")
	signal(t, cmd, syscall.SIGTERM)
	r.log.wait(t, `"msg":"stopping"`)
	signal(t, cmd, syscall.SIGINT)
	if code := exitOf(t, cmd); code != 1 {
		t.Errorf("exit code %d, want 1\n%s", code, r.log)
	}
}

// Fault S04: whoever read the log is gone. Checklist 28: everything is answered
// all the same.
func TestS04ProcessOutlivesTheReaderOfItsLog(t *testing.T) {
	r := stage(t, "[handlers.ping]\n[log]\nlevel = 'debug'\n")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := r.process()
	cmd.Stderr, cmd.Stdout = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	r.online()
	read.Close()
	for range 20 {
		if got := r.ping(); !isResult(got) {
			t.Fatalf("ping was answered with %s", got)
		}
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Fault S04: nor does it matter that nobody ever read the log.
func TestS04ProcessStartsWithoutAReaderOfItsLog(t *testing.T) {
	r := stage(t, "[handlers.ping]\n")
	cmd := r.process()
	cmd.Stderr = unread(t)
	started(t, cmd)
	r.online()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	signal(t, cmd, syscall.SIGTERM)
	if code := exitOf(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// A mistake has its exit code although nobody reads what it is.
func TestProcessEndsWithItsCodeWithoutAReader(t *testing.T) {
	r := stage(t, "[handlers.pong]\n")
	cmd := r.process()
	cmd.Stderr = unread(t)
	if code := exitOf(t, started(t, cmd)); code != 2 {
		t.Errorf("exit code %d, want 2", code)
	}
}

// Who has read enough is not told so.
func TestProcessIsQuietWhenItsOutputIsNotRead(t *testing.T) {
	var errs bytes.Buffer
	cmd := stage(t, "").process("features")
	cmd.Stdout, cmd.Stderr = unread(t), &errs
	if code := exitOf(t, started(t, cmd)); code != 1 || errs.Len() > 0 {
		t.Errorf("exit code %d, want 1 in silence: %s", code, &errs)
	}
}

// unread returns a pipe that has no reader.
func unread(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { write.Close() })
	read.Close()
	return write
}

func started(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

package iqdcmd_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const result = "type='result'"

// isResult reports whether a reply is a result, whichever quotes it is written
// with.
func isResult(reply string) bool {
	return strings.Contains(strings.ReplaceAll(reply, `"`, "'"), result)
}

// Checklist 16, fault S01.
func TestS01RunAnswersUntilSIGTERM(t *testing.T) {
	r := stage(t, "[handlers.ping]\n[log]\nformat = 'text'\n").start().online()
	if got := r.ping(); !isResult(got) {
		t.Errorf("ping was answered with %s", got)
	}
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0\n%s", code, r.log)
	}
	contains(t, r.log.String(), "msg=starting", "msg=stopping", "signal=terminated", "msg=stopped")
}

// Fault S02.
func TestS02RunEndsAtOnceAtTheSecondSignal(t *testing.T) {
	r := stage(t, "[handlers.stuck]\n[limits]\ndrain_timeout = '1h'\n").start().online()
	r.send("juliet@example.net/balcony", "1", nsStuck, "query")
	r.ask("juliet@example.net/balcony", "urn:example:none", "query") // so that the one before is under way
	r.signals <- sigTERM
	r.signals <- sigTERM
	if code := r.exit(); code != 1 {
		t.Errorf("exit code %d after the second signal, want 1", code)
	}
	contains(t, r.log.String(), "second signal")
}

// Checklist 4, fault N01.
func TestN01RunWaitsForAServerThatIsNotUp(t *testing.T) {
	r := stage(t, "[handlers.ping]\n")
	r.server.Refuse(1)
	r.start().online()
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Checklist 7: the policy exit ends the process as a failure.
func TestRunFailsOnAConflictWhenToldTo(t *testing.T) {
	r := stage(t, "conflict = 'exit'\n[handlers.ping]\n")
	r.server.Reject("conflict", "Component already connected")
	r.start()
	if code := r.exit(); code != 1 {
		t.Errorf("exit code %d after a conflict, want 1", code)
	}
	contains(t, r.log.String(), "iqd: stream error conflict", "Component already connected")
}

// Checklist 75, fault S03.
func TestS03ReloadKeepsTheStreamAndTheStateOfWhatDidNotChange(t *testing.T) {
	r := stage(t, "[handlers.count]\nstart = 5\n").start().online()
	count := func() string { return r.ask("juliet@example.net/balcony", nsCount, "query") }
	contains(t, count(), ">6<")
	contains(t, r.ping(), "feature-not-implemented")

	r.write("[handlers.count]\nstart = 5\n[handlers.ping]\n[log]\nlevel = 'debug'\n")
	r.signals <- sigHUP
	r.log.wait(t, `"msg":"reloaded"`)
	contains(t, r.log.String(), `"kept":1`)
	if got := r.ping(); !isResult(got) {
		t.Errorf("the added handler does not answer: %s", got)
	}
	contains(t, count(), ">7<")
	r.log.wait(t, `"msg":"request"`) // log.level has changed

	r.write("[handlers.count]\nstart = 100\n")
	r.signals <- sigHUP
	r.log.wait(t, `"handlers":1,"kept":0`)
	contains(t, count(), ">101<")
	contains(t, r.ping(), "feature-not-implemented")
	if n := r.server.Streams(); n != 1 {
		t.Errorf("%d streams, want the first only", n)
	}
}

// A file that a section names is part of it.
func TestReloadBuildsAHandlerWhoseFileHasChanged(t *testing.T) {
	r := stage(t, "[handlers.count]\nfile = 'start.txt'\n")
	name := filepath.Join(r.env["STATE_DIRECTORY"], "start.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	r.start().online()
	r.signals <- sigHUP
	r.log.wait(t, `"kept":1`)
	write("changed")
	r.signals <- sigHUP
	r.log.wait(t, `"kept":0`)
}

// Checklist 75, fault S03.
func TestS03ReloadOfABadFileChangesNothing(t *testing.T) {
	for name, conf := range map[string]string{
		"syntax":        "[handlers.ping\n",
		"unknown key":   "[handlers.ping]\ntimeot = '1s'\n",
		"bad handler":   "[handlers.count]\nstart = -1\n",
		"same requests": "[handlers.ping]\n[handlers.pong]\nkind = 'ping'\n",
		"bad secret":    "secret_file = '/nonexistent'\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := stage(t, "[handlers.ping]\n[handlers.count]\n").start().online()
			contains(t, r.ask("juliet@example.net", nsCount, "query"), ">1<")
			r.write(conf)
			r.signals <- sigHUP
			r.log.wait(t, "reload failed, the old configuration stays in force")
			contains(t, r.log.String(), r.path+":")
			if got := r.ping(); !isResult(got) {
				t.Errorf("ping was answered with %s", got)
			}
			contains(t, r.ask("juliet@example.net", nsCount, "query"), ">2<")
			r.signals <- sigTERM
			if code := r.exit(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

func TestReloadTellsWhatNeedsARestart(t *testing.T) {
	r := stage(t, "[handlers.ping]\n").start().online()
	r.write("conflict = 'exit'\nhosts = ['example.com']\n[component.tls]\nenabled = false\nserver_name = 'x.example.net'\n" +
		"[log]\nformat = 'text'\n[admin]\nlisten = '127.0.0.1:1'\n[handlers.ping]\n")
	r.signals <- sigHUP
	r.log.wait(t, "changed keys take effect at the next start only")
	contains(t, r.log.String(),
		`"keys":["component.hosts","component.conflict","component.tls.server_name","log.format","admin.listen"]`)
	r.env["IQD_SECRET"] = "another" // read by the daemon after the signal below
	r.signals <- sigHUP
	r.log.wait(t, `"component.tls.server_name","component.secret"`)
}

// Fault S08: nobody reads the log, and then somebody does.
func TestS08ABlockedLogStopsNothing(t *testing.T) {
	blocked, reader := net.Pipe()
	t.Cleanup(func() { blocked.Close(); reader.Close() })
	addr := freeAddress(t)
	r := stage(t, "[handlers.ping]\n[log]\nlevel = 'debug'\n[admin]\nlisten = '"+addr+"'\n")
	r.startTo(blocked).online()
	long := strings.Repeat("x", 300) // a line of the log shows 256 of them
	for lost := false; !lost; {
		for range 100 {
			if got := r.ask(long+"@example.net/balcony", "urn:example:"+long, "query"); isResult(got) {
				t.Fatalf("an unknown namespace was answered with %s", got)
			}
		}
		_, text := fetch(t, "http://"+addr+"/metrics", "")
		lost = !strings.Contains(text, "\niqd_log_lines_lost_total 0\n")
	}
	go io.Copy(r.log, reader)
	r.log.wait(t, `"msg":"starting"`)
	r.ping()
	r.log.wait(t, "log lines lost: the log was not read or not written")
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// Nor does it keep the process from ending.
func TestS08ABlockedLogDoesNotHoldUpTheEnd(t *testing.T) {
	blocked, reader := net.Pipe()
	t.Cleanup(func() { blocked.Close(); reader.Close() })
	r := stage(t, "[handlers.ping]\n").startTo(blocked).online()
	r.signals <- sigTERM
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

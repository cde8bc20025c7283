package iqdcmd_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// A plugin that has died shows in the metrics and on its page, and doctor names it;
// /healthz and /readyz are about the connection alone.
func TestH11_ADeadPluginIsNamed(t *testing.T) {
	const plugin = "kind = 'exec'\nnamespaces = ['urn:example:%[1]s']\ncommand = ['sh', '-c', '%[2]s']\n"
	addr := freeAddress(t)
	r := stage(t, "[admin]\nlisten = '"+addr+"'\n[handlers.ping]\n[handlers.weather]\n"+fmt.Sprintf(plugin, "weather", "exit 3")+
		"[handlers.tides]\n"+fmt.Sprintf(plugin, "tides", "exec cat >/dev/null")).start().online()
	r.ping() // the stream has been heard
	r.log.wait(t, "plugin ended")
	const how = `worker 1 (ended|was started again) \d+s ago(, after it had ended)?: exit status 3`
	if code, text := fetch(t, "http://"+addr+"/handlers", ""); code != 503 || !regexp.MustCompile("^weather: "+how+"\n$").MatchString(text) {
		t.Errorf("/handlers is %d %q", code, text)
	}
	_, text := fetch(t, "http://"+addr+"/metrics", "")
	contains(t, text, "\niqd_handler_healthy{handler=\"weather\"} 0\n", "\niqd_handler_healthy{handler=\"tides\"} 1\n", "\niqd_handler_healthy{handler=\"ping\"} 1\n")
	for _, page := range []string{"/healthz", "/readyz"} {
		if code, text := fetch(t, "http://"+addr+page, ""); code != 200 {
			t.Errorf("%s is %d %q", page, code, text)
		}
	}
	code, out, _ := command(t, r.env, "doctor", "-c", r.path)
	if code != iqdcmd.ExitFailed || !regexp.MustCompile(`✗ handlers +weather: `+how+"\n").MatchString(out) || strings.Contains(out, "tides") {
		t.Errorf("exit code %d, output\n%s", code, out)
	}
	contains(t, out, "✓ running", "[handlers.weather]")
}

// Where all is well, doctor says so.
func TestDoctorHandlersAreWell(t *testing.T) {
	addr := freeAddress(t)
	r := stage(t, "[admin]\nlisten = '"+addr+"'\n[handlers.ping]\n").start().online()
	r.ping()
	if code, text := fetch(t, "http://"+addr+"/handlers", ""); code != 200 || text != "ok\n" {
		t.Errorf("/handlers is %d %q", code, text)
	}
	if code, out, _ := command(t, r.env, "doctor", "-c", r.path); code != iqdcmd.ExitDone || !strings.Contains(out, "✓ handlers") {
		t.Errorf("exit code %d, output\n%s", code, out)
	}
}

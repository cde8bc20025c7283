package iqdcmd_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// units copies the units to a folder, with a program in the place of ours: it is
// not installed where tests run. The template becomes an instance by its name.
func units(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("systemd-analyze is missing")
		}
		t.Skip("systemd-analyze is missing: apt-get install systemd")
	}
	var out []string
	dir := t.TempDir()
	for from, to := range map[string]string{"iqd.service": "iqd.service", "iqd@.service": "iqd@main.service"} {
		text, err := os.ReadFile(filepath.Join("../systemd", from))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "ExecStart=/usr/local/bin/iqd run -c /etc/iqd/") {
			t.Errorf("%s does not start iqd", from)
		}
		out = append(out, put(t, dir, to, strings.ReplaceAll(string(text), "/usr/local/bin/iqd", "/bin/true"), 0o644))
	}
	return out
}

func TestUnitsAreValid(t *testing.T) {
	for _, unit := range units(t) {
		verify(t, unit)
	}
}

// verify checks that systemd has nothing to say about a unit.
func verify(t *testing.T, unit string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify %s: %v\n%s", filepath.Base(unit), err, out)
	}
}

func TestUnitsAreHardened(t *testing.T) {
	for _, unit := range units(t) {
		hardened(t, unit, 1.5)
	}
}

// hardened checks that systemd finds a unit exposed by no more than most, and
// returns what it says.
func hardened(t *testing.T, unit string, most float64) string {
	t.Helper()
	level := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`)
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	m := level.FindSubmatch(out)
	if m == nil {
		t.Fatalf("systemd-analyze security %s:\n%s", filepath.Base(unit), out)
	}
	if n, err := strconv.ParseFloat(string(m[1]), 64); err != nil || n > most {
		t.Errorf("exposure of %s is %s, at most %v is wanted\n%s", filepath.Base(unit), m[1], most, out)
	}
	return string(out)
}

// The drop-in for plugins opens what it says and no more, as it is and with all of
// its lines.
func TestDropInForPlugins(t *testing.T) {
	text, err := os.ReadFile("../systemd/iqd-plugins.conf")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^#([A-Z]\w+=)`).ReplaceAllString(string(text), "$1")
	for name, tc := range map[string]struct {
		text string
		most float64
	}{"as it is": {string(text), 1.5}, "all of it": {all, 2.5}} {
		t.Run(name, func(t *testing.T) {
			for _, unit := range units(t) {
				dir := regexp.MustCompile(`@.*|\.service$`).ReplaceAllString(unit, "")
				if strings.Contains(unit, "@") {
					dir += "@" // for all instances
				}
				dir += ".service.d"
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				put(t, dir, "iqd-plugins.conf", tc.text, 0o644)
				verify(t, unit)
				contains(t, hardened(t, unit, tc.most),
					"Service may create writable executable memory mappings", "Service has read-only access to home directories")
			}
		})
	}
	if !strings.Contains(all, "\nMemoryMax=") {
		t.Errorf("the lines that are not set have not been found:\n%s", all)
	}
}

// What the daemon counts on is in both units.
func TestUnitsFitTheDaemon(t *testing.T) {
	for _, name := range []string{"iqd.service", "iqd@.service"} {
		text, err := os.ReadFile(filepath.Join("../systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "DynamicUser=yes",
			"RestartPreventExitStatus=2", "Restart=on-failure", "WatchdogSec=30s", "KillMode=mixed",
		} {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("%s has no line %s", name, line)
			}
		}
		if !regexp.MustCompile(`(?m)^LoadCredential=iqd\.secret(:iqd\.%i\.secret)?$`).Match(text) {
			t.Errorf("%s loads no credential iqd.secret, or fails without one", name)
		}
	}
}

package iqdcmd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
)

// What the unit forbids a plugin is told, with the drop-in that allows it.
func TestDoctorKnowsTheSandbox(t *testing.T) {
	t.Parallel()
	const etc = "etc/systemd/system/"
	ours, dropIn := unitFile(t, "iqd.service"), unitFile(t, "iqd-plugins.conf")
	installed := fstest.MapFS{etc + "iqd.service": ours}
	opened := fstest.MapFS{etc + "iqd.service": ours, etc + "iqd.service.d/iqd-plugins.conf": dropIn}
	script := fstest.MapFS{"lib/systemd/system/iqd.service": ours, "bin/sh": {Data: []byte("#!/usr/bin/env node\n")}}
	instance := fstest.MapFS{etc + "iqd@.service": unitFile(t, "iqd@.service"), etc + "iqd@one.service.d/a.conf": dropIn}
	for name, tc := range map[string]struct {
		root         fstest.MapFS
		file         string
		command      string
		want, absent []string
	}{
		"no unit":         {fstest.MapFS{}, "config.toml", `"/bin/sh", "node"`, nil, []string{"plugins"}},
		"nothing special": {installed, "config.toml", `"/bin/sh", "x"`, []string{"✓ plugins", "1 program to start, inside the sandbox of iqd.service", "iqd-plugins.conf"}, nil},
		"node": {
			installed, "config.toml", `"/bin/sh", "/usr/bin/node"`,
			[]string{"! plugins", "[handlers.p] node compiles while it runs, and iqd.service forbids that", "/etc/systemd/system/iqd.service.d/iqd-plugins.conf", "1 thing has to be looked at"},
			[]string{"✓ plugins"},
		},
		"node in the first line": {script, "config.toml", `"/bin/sh"`, []string{"node compiles"}, nil},
		"node without compiler":  {installed, "config.toml", `"/bin/sh", "node", "--jitless"`, []string{"✓ plugins"}, []string{"compiles"}},
		"node with the drop-in":  {opened, "config.toml", `"/bin/sh", "node"`, []string{"✓ plugins"}, []string{"compiles"}},
		"home": {
			installed, "config.toml", `"/bin/sh", "/home/juliet/notes"`,
			[]string{"! plugins", "/home/juliet/notes is not there for what iqd.service starts", "ProtectHome=yes", "config.toml:7"}, []string{"compiles"},
		},
		"home with the drop-in": {opened, "config.toml", `"/bin/sh", "/home/juliet/notes"`, []string{"✓ plugins"}, []string{"is not there"}},
		"an instance":           {instance, "one.toml", `"/bin/sh", "node"`, []string{"✓ plugins", "iqd@one.service"}, nil},
		"another instance":      {instance, "two.toml", `"/bin/sh", "node"`, []string{"! plugins", "system/iqd@two.service.d/"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, addr := fakeServer(t, componenttest.Options{})
			file := configFile(t, addr, "[handlers.p]", `kind = "exec"`, "command = ["+tc.command+"]", `namespaces = ["urn:example:p"]`)
			other := filepath.Join(filepath.Dir(file), tc.file)
			if err := os.Rename(file, other); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := iqdcmd.Doctor(t.Context(), &out, other, tc.root, "STATE_DIRECTORY", t.TempDir()); err != nil {
				t.Errorf("Doctor() error = %v", err)
			}
			contains(t, out.String(), tc.want...)
			for _, text := range tc.absent {
				if regexp.MustCompile(`(?m)^.*` + regexp.QuoteMeta(text)).MatchString(out.String()) {
					t.Errorf("it says %q:\n%s", text, &out)
				}
			}
		})
	}
}

func unitFile(t *testing.T, name string) *fstest.MapFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../systemd", name))
	if err != nil || !strings.Contains(string(text), "\n[Service]\n") {
		t.Fatalf("%s: %v", name, err)
	}
	return &fstest.MapFile{Data: text}
}

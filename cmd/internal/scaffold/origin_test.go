package scaffold_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/scaffold"
)

func TestFindOrigin(t *testing.T) {
	const iqd = "github.com/iqd-xmpp/iqd"
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	ours := debug.Module{Path: iqd, Version: "v1.2.3", Sum: "h1:x"}
	for name, tc := range map[string]struct {
		build *debug.BuildInfo
		want  scaffold.Origin
	}{
		"go install of a release": {&debug.BuildInfo{Main: ours}, scaffold.Origin{Version: "v1.2.3"}},
		"a program of somebody else's": {
			&debug.BuildInfo{Main: debug.Module{Path: "example.net/sky", Version: "(devel)"}, Deps: []*debug.Module{{Path: "a.example/a"}, &ours}},
			scaffold.Origin{Version: "v1.2.3"},
		},
		"a fork": {
			&debug.BuildInfo{Deps: []*debug.Module{{Path: iqd, Version: "v1.2.3", Replace: &debug.Module{Path: "fork.example/iqd", Version: "v1.2.4", Sum: "h1:x"}}}},
			scaffold.Origin{Version: "v1.2.3", Replace: "fork.example/iqd v1.2.4"},
		},
		// Nobody can download what a checkout calls itself.
		"a checkout": {&debug.BuildInfo{Main: debug.Module{Path: iqd, Version: "v0.0.0-20261122000000-0123456789ab+dirty"}}, scaffold.Origin{Dir: root}},
		"a folder that was replaced by": {
			&debug.BuildInfo{Deps: []*debug.Module{{Path: iqd, Version: "v0.0.0", Replace: &debug.Module{Path: root}}}},
			scaffold.Origin{Dir: root},
		},
		"one that is gone": {
			&debug.BuildInfo{Deps: []*debug.Module{{Path: iqd, Version: "v0.0.0", Replace: &debug.Module{Path: elsewhere}}}},
			scaffold.Origin{Dir: root},
		},
		"nothing is known": {nil, scaffold.Origin{Dir: root}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := scaffold.FindOrigin(tc.build, "github.com/iqd-xmpp/iqd/cmd", elsewhere, filepath.Join(root, "cmd"))
			if err != nil || got != tc.want {
				t.Errorf("FindOrigin() = %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// With -trimpath, and away from the tree, somebody has to say where it is.
func TestFindOriginFindsNone(t *testing.T) {
	_, err := scaffold.FindOrigin(nil, "github.com/iqd-xmpp/iqd/cmd/internal/scaffold", t.TempDir())
	checkError(t, err, "--source DIR")
}

func TestFromSource(t *testing.T) {
	if o, err := scaffold.FromSource("../../.."); err != nil || !filepath.IsAbs(o.Dir) {
		t.Errorf("FromSource() = %+v, %v", o, err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "go.mod"), []byte("module example.net/sky\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := scaffold.FromSource(other)
	checkError(t, err, "of another module")
	_, err = scaffold.FromSource(t.TempDir())
	checkError(t, err, "has no go.mod")
}

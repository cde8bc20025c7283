package scaffold_test

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/scaffold"
)

// write writes a module and returns its folder.
func write(t *testing.T, m scaffold.Module) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	n, err := m.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if all := files(t, dir); len(all) != n {
		t.Errorf("Write() = %d, and there are %q", n, all)
	}
	return dir
}

func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestModuleHasItsFiles(t *testing.T) {
	dir := write(t, scaffold.Module{Name: "weather", Path: "example.net/sky", Origin: scaffold.Origin{Dir: "../../.."}})
	want := []string{
		".gitignore", "README.md", "config.toml", "go.mod", "go.sum", "main.go",
		"weather/testdata/weather.iq", "weather/weather.go", "weather/weather_test.go",
	}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("files:\n%q, want\n%q", got, want)
	}
	for _, name := range files(t, dir) {
		text := read(t, dir, name)
		if strings.ContainsAny(text, "«»") || strings.Contains(text, "<no value>") || strings.Contains(text, "NAME") {
			t.Errorf("%s is not filled in:\n%s", name, text)
		}
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s does not end with one line end", name)
		}
	}
}

// The code is formatted, whatever the names are.
func TestModuleIsFormatted(t *testing.T) {
	for _, name := range []string{"a", "weather", "averyveryverylongnameofahandler"} {
		for _, path := range []string{"a", "example.net/x", "zzz.example/y"} {
			dir := write(t, scaffold.Module{Name: name, Path: path, Origin: scaffold.Origin{Version: "v1.2.3"}})
			for _, file := range []string{"main.go", name + "/" + name + ".go", name + "/" + name + "_test.go"} {
				text := []byte(read(t, dir, file))
				if good, err := format.Source(text); err != nil || !bytes.Equal(good, text) {
					t.Errorf("module %s: %s is not formatted (%v):\n%s", path, file, err, text)
				}
			}
		}
	}
}

func TestGoMod(t *testing.T) {
	source := t.TempDir() + "/the source"
	if err := os.MkdirAll(source, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod": "module github.com/iqd-xmpp/iqd\n\ngo 1.26.0\n\nrequire (\n\tz.example/z v1.0.0\n\tmellium.im/xmpp v0.22.0\n)\n" +
			"exclude (\n\tbad.example/x v1.0.0\n)\nrequire b.example/b v2.0.0 // indirect\ntool z.example/z/cmd\n",
		"go.sum": "the sums\n",
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = "module example.net/sky\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/iqd-xmpp/iqd "
	for name, tc := range map[string]struct {
		origin scaffold.Origin
		want   string
	}{
		"released": {scaffold.Origin{Version: "v1.2.3"}, head + "v1.2.3\n)\n"},
		"a fork": {
			scaffold.Origin{Version: "v1.2.3", Replace: "fork.example/iqd v1.2.4"},
			head + "v1.2.3\n)\n\nreplace github.com/iqd-xmpp/iqd => fork.example/iqd v1.2.4\n",
		},
		"a folder": {
			scaffold.Origin{Dir: source},
			head + "v0.0.0\n\tmellium.im/xmpp v0.22.0\n)\n\n" +
				"// What iqd itself requires: go mod tidy leaves what is needed here.\n" +
				"require (\n\tb.example/b v2.0.0 // indirect\n\tz.example/z v1.0.0 // indirect\n)\n\n" +
				"replace github.com/iqd-xmpp/iqd => \"" + source + "\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, scaffold.Module{Name: "weather", Path: "example.net/sky", Origin: tc.origin})
			if got := read(t, dir, "go.mod"); got != tc.want {
				t.Errorf("go.mod:\n%s\nwant:\n%s", got, tc.want)
			}
			_, err := os.Stat(filepath.Join(dir, "go.sum"))
			if has := err == nil; has != (tc.origin.Dir != "") {
				t.Errorf("go.sum is there: %v", has)
			}
		})
	}
}

// A module asks for the Go that iqd asks for.
func TestGoVersionIsOurs(t *testing.T) {
	dir := write(t, scaffold.Module{Name: "weather", Path: "example.net/sky", Origin: scaffold.Origin{Version: "v1.2.3"}})
	version := func(text string) string {
		_, after, _ := strings.Cut(text, "\ngo ")
		line, _, _ := strings.Cut(after, "\n")
		return line
	}
	if got, want := version(read(t, dir, "go.mod")), version(read(t, "../../../go.mod")); got != want {
		t.Errorf("go %s, want %s", got, want)
	}
}

// The main is the one of iqd, but for the handler.
func TestMainIsOurs(t *testing.T) {
	dir := write(t, scaffold.Module{Name: "weather", Path: "example.net/sky", Origin: scaffold.Origin{Version: "v1.2.3"}})
	text := read(t, dir, "main.go")
	for line := range strings.Lines(read(t, "../../iqd/main.go")) {
		if !strings.HasPrefix(line, "//") && !strings.Contains(text, line) {
			t.Errorf("main.go has no line %q", line)
		}
	}
}

func TestVacant(t *testing.T) {
	dir := t.TempDir()
	if err := scaffold.Vacant(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := scaffold.Vacant(filepath.Join(dir, "no/such")); err != nil {
		t.Errorf("none: %v", err)
	}
	file := filepath.Join(dir, "note.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := scaffold.Vacant(dir); err == nil || !strings.Contains(err.Error(), "note.txt") {
		t.Errorf("a folder with a file in it: %v", err)
	}
	if err := scaffold.Vacant(file); err == nil {
		t.Error("a file is taken for a folder")
	}
}

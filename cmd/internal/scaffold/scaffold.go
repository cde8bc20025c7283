// Package scaffold writes the Go module that iqd new handler begins with: a
// handler, its tests, and a daemon that has it beside the ready ones.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// goVersion is the one that iqd's own go.mod asks for.
const goVersion = "1.26.0"

// files says which template becomes which file.
var files = [][2]string{
	{"main.go", "main.go"},
	{"handler.go", "NAME/NAME.go"},
	{"handler_test.go", "NAME/NAME_test.go"},
	{"handler.iq", "NAME/testdata/NAME.iq"},
	{"config.toml", "config.toml"},
	{"README.md", "README.md"},
	{"go.mod", "go.mod"},
	{"gitignore", ".gitignore"},
}

// A Module is what is to be written.
type Module struct {
	Name   string // of the handler: its package and its section
	Path   string // of the module
	Origin Origin // where it gets iqd from
}

// Write writes the module into dir, which is made, or empty. It returns the number
// of files.
func (m Module) Write(dir string) (int, error) {
	out, err := m.render()
	if err != nil {
		return 0, err
	}
	for name, text := range out {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return 0, err
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return 0, err
		}
	}
	return len(out), nil
}

// Vacant returns why nothing can be written into dir: it has to be empty, or not
// there.
func Vacant(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(list) > 0:
		return fmt.Errorf("%s is not empty: it has %s in it", dir, list[0].Name())
	}
	return nil
}

// render returns the text of each file.
func (m Module) render() (map[string][]byte, error) {
	goMod, sums, err := m.requirements()
	if err != nil {
		return nil, err
	}
	// Go has {{ in its composite literals.
	all, err := template.New("").Delims("«", "»").ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	if sums != nil {
		out["go.sum"] = sums
	}
	for _, f := range files {
		var b bytes.Buffer
		if err := all.ExecuteTemplate(&b, f[0]+".tmpl", goMod); err != nil {
			return nil, err
		}
		out[strings.ReplaceAll(f[1], "NAME", m.Name)] = b.Bytes()
	}
	return out, nil
}

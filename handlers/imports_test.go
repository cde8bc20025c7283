package handlers_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/iqd-xmpp/iqd"

// Who may import whom: component <- handlers/x <- handlers <- cmd <- cmd/iqd.
// Never sideways, never up.
func TestImportsGoOneWay(t *testing.T) {
	for dir, imports := range importsOf(t, "..") {
		for _, path := range imports {
			if why := forbidden(dir, path); why != "" {
				t.Errorf("%s imports %s: %s", dir, path, why)
			}
		}
	}
}

// A database driver is imported by the store that uses it and by nobody else.
func TestDatabaseDriverHasOneImporter(t *testing.T) {
	var users []string
	for dir, imports := range importsOf(t, "..") {
		if slices.Contains(imports, "modernc.org/sqlite") {
			users = append(users, dir)
		}
	}
	for _, dir := range users {
		if !under(dir, "handlers") || under(dir, "handlers/internal") {
			t.Errorf("%s imports a database driver: that is for the store of a handler", dir)
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	for name, tc := range map[string]struct {
		dir, path string
		ok        bool
	}{
		"component uses wire":             {"component", module + "/component/internal/wire", true},
		"the test server uses component":  {"component/componenttest", module + "/component", true},
		"a handler uses component":        {"handlers/ping", module + "/component", true},
		"a handler uses what they share":  {"handlers/ping", module + "/handlers/internal/rsm", true},
		"a handler uses its own store":    {"handlers/roster", module + "/handlers/roster/store", true},
		"the registry uses a handler":     {"handlers", module + "/handlers/ping", true},
		"the commands use the registry":   {"cmd", module + "/handlers", true},
		"the demo uses the test server":   {"cmd", module + "/component/componenttest", true},
		"main uses the commands":          {"cmd/iqd", module + "/cmd", true},
		"the commands use TOML":           {"cmd", "github.com/BurntSushi/toml", true},
		"the bench's component":           {"bench/iqd", module + "/component", true},
		"the bench uses its load":         {"bench", module + "/bench/load", true},
		"anybody uses a module":           {"handlers/ping", "mellium.im/xmpp/stanza", true},
		"component uses a handler":        {"component", module + "/handlers/ping", false},
		"wire uses component":             {"component/internal/wire", module + "/component", false},
		"component uses its test server":  {"component", module + "/component/componenttest", false},
		"a handler uses another":          {"handlers/ping", module + "/handlers/disco", false},
		"a handler uses the registry":     {"handlers/ping", module + "/handlers", false},
		"a handler uses the test server":  {"handlers/ping", module + "/component/componenttest", false},
		"what they share uses a handler":  {"handlers/internal/rsm", module + "/handlers/disco", false},
		"the registry uses the commands":  {"handlers", module + "/cmd", false},
		"main uses component":             {"cmd/iqd", module + "/component", false},
		"the commands use main":           {"cmd", module + "/cmd/iqd", false},
		"the bench uses wire":             {"bench", module + "/component/internal/wire", false},
		"a handler uses TOML":             {"handlers/ping", "github.com/BurntSushi/toml", false},
		"component uses a coloured log":   {"component", "github.com/lmittmann/tint", false},
		"the registry uses a flag parser": {"handlers", "github.com/spf13/cobra", false},
	} {
		t.Run(name, func(t *testing.T) {
			if why := forbidden(tc.dir, tc.path); (why == "") != tc.ok {
				t.Errorf("forbidden(%q, %q) = %q, want ok = %v", tc.dir, tc.path, why, tc.ok)
			}
		})
	}
}

// forbidden returns why the package in dir may not import path, or an empty
// string.
func forbidden(dir, path string) string {
	for _, mod := range []string{"github.com/BurntSushi/toml", "github.com/lmittmann/tint", "github.com/spf13/cobra"} {
		if under(path, mod) && !under(dir, "cmd") {
			return "that is for cmd"
		}
	}
	ours, ok := strings.CutPrefix(path, module+"/")
	if !ok || slices.ContainsFunc(allowed(dir), func(a string) bool {
		tree, all := strings.CutSuffix(a, "/...")
		return ours == tree || all && under(ours, tree)
	}) {
		return ""
	}
	return "that is sideways, up, or too deep"
}

// allowed returns what a package of ours may import of ours.
func allowed(dir string) []string {
	switch {
	case dir == "component":
		return []string{"component/internal/..."}
	case under(dir, "component/internal"):
		return []string{"component/internal/..."}
	case under(dir, "component"):
		return []string{"component", "component/internal/...", dir + "/..."}
	case dir == "handlers":
		return []string{"component", "handlers/..."}
	case under(dir, "handlers/internal"):
		return []string{"component", "handlers/internal/..."}
	case under(dir, "handlers"):
		return []string{"component", "handlers/internal/...", section(dir) + "/..."}
	case under(dir, "cmd/iqd"):
		return []string{"handlers", "cmd"}
	case under(dir, "cmd"):
		return []string{"component", "component/componenttest", "handlers/...", "cmd", "cmd/internal/..."}
	case dir == "bench":
		return []string{"bench/load"}
	}
	return []string{"component", "component/componenttest", "handlers/...", "cmd/..."}
}

// section returns the folder of the handler that dir belongs to.
func section(dir string) string { return strings.Join(strings.Split(dir, "/")[:2], "/") }

func under(path, tree string) bool { return path == tree || strings.HasPrefix(path, tree+"/") }

// importsOf returns what each folder below root imports, tests aside.
func importsOf(t *testing.T, root string) map[string][]string {
	t.Helper()
	found := map[string]map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() != ".." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if found[dir] == nil {
			found[dir] = map[string]bool{}
		}
		return addImports(found[dir], path)
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for dir, set := range found {
		out[dir] = slices.Sorted(maps.Keys(set))
	}
	if !slices.Contains(out["handlers"], module+"/component") {
		t.Fatal("the tree has not been read: handlers imports component")
	}
	return out
}

func addImports(set map[string]bool, file string) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, imp := range f.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return err
		}
		set[path] = true
	}
	return nil
}

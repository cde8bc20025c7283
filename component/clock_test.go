package component_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestN36Monotonic: a clock that is set moves no deadline, for nothing in this
// package strips a time of its monotonic reading (package time, "Monotonic Clocks").
// There is no other way to see it: no test can set the clock of the machine.
func TestN36Monotonic(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	strips := []string{"Unix", "UnixNano", "UnixMicro", "UnixMilli", "UTC", "AddDate"}
	read := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		read++
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, _ := n.(*ast.CallExpr)
			if call == nil {
				return true
			}
			sel, _ := call.Fun.(*ast.SelectorExpr)
			if sel == nil || !slices.Contains(strips, sel.Sel.Name) {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "time" { // time.Unix makes a time that is long over
				t.Errorf("%s: %s reads the wall clock", fset.Position(call.Pos()), sel.Sel.Name)
			}
			return true
		})
	}
	if read < 20 {
		t.Errorf("%d files were read", read)
	}
}

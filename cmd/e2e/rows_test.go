package e2e_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The rows of the fault matrix: the network and the stream (N), what a server may
// send (B), what a user may send (Q), our own requests (O), handlers and load (H), the
// process (S), the configuration (C). The name of a test or of a
// subtest that holds a row begins with its number.
var matrix = []struct {
	letter      string
	first, last int
}{{"N", 1, 41}, {"S", 1, 14}, {"C", 1, 10}, {"B", 1, 18}, {"Q", 1, 34}, {"O", 1, 19}, {"H", 1, 13}}

// notYet are the rows that no test holds, and why.
var notYet = map[string]string{}

// rowName is how the name of a subtest begins that holds a row; rowFunc is the same
// for a test.
var (
	rowName = regexp.MustCompile(`^([A-Z]\d\d)([ _/]|$)`)
	rowFunc = regexp.MustCompile(`^Test(?:Faults)?_?([A-Z]\d\d)(\D|$)`)
)

// TestRows: each row of the matrix has a test, and none that has one is said to have none.
func TestRows(t *testing.T) {
	held := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") && filepath.Base(path) != "rows_test.go" {
			err = rowsOf(path, held)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range matrix {
		for i := m.first; i <= m.last; i++ {
			row := fmt.Sprintf("%s%02d", m.letter, i)
			switch why := notYet[row]; {
			case !held[row] && why == "":
				t.Errorf("no name of a test begins with %s", row)
			case held[row] && why != "":
				t.Errorf("%s has a test now; it is said that %s", row, why)
			}
		}
	}
}

// rowsOf notes the rows that a file's tests are named by.
func rowsOf(path string, held map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if m := rowFunc.FindStringSubmatch(n.Name.Name); m != nil {
				held[m[1]] = true
			}
		case *ast.BasicLit:
			s, err := strconv.Unquote(n.Value)
			if m := rowName.FindStringSubmatch(s); n.Kind == token.STRING && err == nil && m != nil {
				held[m[1]] = true
			}
		}
		return true
	})
	return nil
}

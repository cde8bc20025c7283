package handlers_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/handlers"
)

// Checklist 92: the table of features says neither less nor more than the
// handlers do.
func TestXEPsAreThoseOfThePackageComments(t *testing.T) {
	want := map[string]bool{}
	for _, num := range namedXEPs(t, "../component") {
		want[fmt.Sprintf("%d ", num)] = true
	}
	for _, name := range handlers.Standard().Names() {
		for _, num := range namedXEPs(t, name) {
			want[fmt.Sprintf("%d %s", num, name)] = true
		}
	}
	for _, x := range handlers.XEPs() {
		row := fmt.Sprintf("%d %s", x.Number, x.Handler)
		if !want[row] {
			t.Errorf("XEPs() has XEP-%04d for %q, whose package comment does not name it", x.Number, x.Handler)
		}
		delete(want, row)
	}
	for row := range want {
		t.Errorf("XEPs() lacks %q, which is named in a package comment", row)
	}
}

func TestXEPsAreSortedAndWhole(t *testing.T) {
	list := handlers.XEPs()
	if !slices.IsSortedFunc(list, func(a, b handlers.XEP) int { return a.Number - b.Number }) {
		t.Error("XEPs() is not sorted by number")
	}
	for _, x := range list {
		if x.Name == "" || !regexp.MustCompile(`^\d+\.\d+(\.\d+)?$`).MatchString(x.Version) {
			t.Errorf("XEP-%04d has the name %q and the version %q", x.Number, x.Name, x.Version)
		}
	}
}

// namedXEPs returns the numbers in the package comment of a folder.
func namedXEPs(t *testing.T, dir string) (nums []int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`XEP-(\d{4})`).FindAllStringSubmatch(f.Doc.Text(), -1) {
			num, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			nums = append(nums, num)
		}
	}
	return nums
}

package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestSecurityNamesItsTests: each test that SECURITY.md names is there, in the
// package that it is said to be in.
func TestSecurityNamesItsTests(t *testing.T) {
	text := readText(t, "../../SECURITY.md")
	lists := regexp.MustCompile("\\(((?:`[a-z0-9/]+`(?: `Test\\w+`,?)+,? ?)+)\\)").FindAllStringSubmatch(text, -1)
	if len(lists) < 5 {
		t.Fatalf("only %d lines name tests", len(lists))
	}
	for _, list := range lists {
		folder := ""
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list[1], -1) {
			if regexp.MustCompile("^[a-z]").MatchString(name[1]) {
				folder = name[1]
				continue
			}
			if !hasTest(t, filepath.Join("../..", folder), name[1]) {
				t.Errorf("%s has no %s", folder, name[1])
			}
		}
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^func ` + name + `\(`).Match(src) {
			return true
		}
	}
	return false
}

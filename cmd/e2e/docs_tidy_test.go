package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var replaceLine = regexp.MustCompile("(?m)^`(go mod edit -replace [^`=]+=)/path/to/iqd`$")

// The first ten lines of docs/handlers.md build in an empty folder with the
// commands that the document says, where there is no release.
func TestDocsTenLinesFromNothing(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	edit := replaceLine.FindStringSubmatch(readText(t, "../../docs/handlers.md"))
	if edit == nil {
		t.Fatal("docs/handlers.md does not say where the source is")
	}
	dir := t.TempDir()
	for _, b := range documents(t)["handlers.md"] {
		if b.path() == "hello/main.go" {
			writeText(t, filepath.Join(dir, b.path()), b.text)
		}
	}
	for _, line := range []string{"go mod init example.net/iq", edit[1] + root, "go mod tidy", "go build -o hello.bin ./hello"} {
		words := strings.Fields(line)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=", "PWD="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
}

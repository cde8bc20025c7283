package e2e_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/handlers"
)

// A docBlock is a fenced block of a document.
type docBlock struct {
	doc  string // the file
	line int
	lang string
	text string
}

// path returns where the block is to be, if its first line says so.
func (b docBlock) path() string {
	m := regexp.MustCompile(`^(?://|#) (\S+\.(?:go|iq|toml))\n`).FindStringSubmatch(b.text)
	if m == nil {
		return ""
	}
	return m[1]
}

// documents returns the documents with their blocks.
func documents(t *testing.T) map[string][]docBlock {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 3 {
		t.Fatalf("documents are missing: %q, %v", files, err)
	}
	out := map[string][]docBlock{}
	for _, f := range append(files, "../../README.md") {
		out[filepath.Base(f)] = readBlocks(t, f)
	}
	return out
}

func readBlocks(t *testing.T, file string) (list []docBlock) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b *docBlock
	for i, line := range strings.Split(string(text), "\n") {
		fence, found := strings.CutPrefix(line, "```")
		switch {
		case !found && b != nil:
			b.text += line + "\n"
		case found && b == nil:
			b = &docBlock{doc: filepath.Base(file), line: i + 1, lang: fence}
		case found:
			list = append(list, *b)
			b = nil
		}
	}
	if b != nil {
		t.Fatalf("%s:%d: a block without an end", file, b.line)
	}
	return list
}

// Every block is run by one of these tests, or is no code at all.
func TestDocumentsHaveNoOtherBlocks(t *testing.T) {
	t.Parallel()
	for doc, blocks := range documents(t) {
		for _, b := range blocks {
			switch {
			case b.lang == "go" && b.path() == "":
				t.Errorf("%s:%d: a block of Go does not begin with the path of its file", doc, b.line)
			case !slices.Contains([]string{"go", "iq", "toml", "sh", "lua", "yaml", "python", ""}, b.lang):
				t.Errorf("%s:%d: nobody runs blocks of %q", doc, b.line, b.lang)
			}
		}
	}
}

var docLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// What a document points at is there, headings included.
func TestDocumentLinks(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/README.md")
	if err != nil || len(examples) == 0 {
		t.Fatalf("examples: %q, %v", examples, err)
	}
	files = append(append(files, examples...), "../../README.md", "../../CHANGELOG.md", "../../examples/README.md")
	for _, file := range files {
		for _, m := range docLink.FindAllStringSubmatch(readText(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			path := filepath.Join(filepath.Dir(file), target)
			if target == "" {
				path = file
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s points at %s: %v", file, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(readText(t, path)), anchor) {
				t.Errorf("%s points at %s, which has no such heading", file, m[1])
			}
		}
	}
}

// anchors returns what a web page makes of the headings of a document.
func anchors(text string) (list []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		a := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(a, " ", "-"))
	}
	return list
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const minimalConfig = "[component]\njid = \"iq.example.net\"\nserver = \"127.0.0.1:5347\"\nsecret = \"secret\"\n"

// The configurations of the documents are good. One that begins with "# excerpt"
// has the rest of a minimal one around it.
func TestDocumentConfigurations(t *testing.T) {
	t.Parallel()
	for doc, blocks := range documents(t) {
		for _, b := range blocks {
			if b.lang != "toml" || b.path() != "" {
				continue // those with a path belong to a program
			}
			text := b.text
			if strings.HasPrefix(text, "# excerpt\n") {
				text = minimalConfig + text
			}
			dir := etcIQD(t)
			file := filepath.Join(dir, "config.toml")
			writeText(t, file, strings.NewReplacer("/etc/iqd", dir, "/run/credentials/iqd.service", dir).Replace(text))
			var errs bytes.Buffer
			code := iqdcmd.Execute(t.Context(), []string{"check", "-c", file}, iqdcmd.World{
				Stdin: strings.NewReader(""), Stdout: &errs, Stderr: &errs,
				Getenv: func(k string) string { return map[string]string{"STATE_DIRECTORY": dir}[k] },
			}, handlers.Standard())
			if code != iqdcmd.ExitDone {
				t.Errorf("%s:%d: exit code %d\n%s", doc, b.line, code, &errs)
			}
		}
	}
}

// etcIQD returns a folder with the files that the documents have in /etc/iqd and
// as credentials.
func etcIQD(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "secret"), "squeamish-ossifrage\n")
	writeText(t, filepath.Join(dir, "admin.token"), "abracadabra\n")
	return dir
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

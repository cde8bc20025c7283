package exec

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// mostFirstLine is what Linux reads of the first line of a script (execve(2)).
const mostFirstLine = 255

// unreadable returns an error when the program is a script whose first line names no
// interpreter that is there. What the kernel says of those misleads: the script is
// not there, or it is of no format.
func (p *program) unreadable() error {
	head, err := firstBytes(p.path)
	if err != nil || bytes.IndexByte(head, 0) >= 0 {
		return nil // it may be executable for us and not readable; and a binary is none
	}
	line, _, _ := strings.Cut(string(head), "\n")
	words, ok := strings.CutPrefix(line, "#!")
	switch {
	case !ok:
		return fmt.Errorf("%s is a text that does not begin with #! and its interpreter", p.path)
	case strings.HasSuffix(words, "\r"):
		return fmt.Errorf("%s has the line ends of Windows, and its interpreter is not found for that", p.path)
	}
	return p.interpreted(strings.Fields(words))
}

// interpreted returns an error when the interpreter that a first line names is not
// there.
func (p *program) interpreted(words []string) error {
	if len(words) == 0 {
		return fmt.Errorf("the #! of %s names no interpreter", p.path)
	}
	if _, err := os.Stat(words[0]); err != nil {
		return fmt.Errorf("%s names an interpreter that is not there: %w", p.path, err)
	}
	if path.Base(words[0]) != "env" || len(words) != 2 || strings.HasPrefix(words[1], "-") {
		return nil
	}
	if _, err := p.find(words[1]); err != nil {
		return fmt.Errorf("%s names an interpreter that is not there: %w", p.path, err)
	}
	return nil
}

// firstBytes returns what a file begins with.
func firstBytes(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostFirstLine))
}

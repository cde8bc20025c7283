package iqdcmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxConfigBytes bounds a configuration file: one of a thousand handlers fits.
const maxConfigBytes = 1 << 20

// A document is a TOML file that has been read: its values as a tree, and where
// each of its keys is written.
type document struct {
	name string
	text string
	md   toml.MetaData
	tree map[string]any
	pos  map[string]position
}

// A position is a place in a file, counted from one.
type position struct{ line, col int }

// A FileError is a mistake in a configuration file.
type FileError struct {
	File      string
	Line, Col int // zero: in no line, but the whole
	Err       error
}

// Error returns the place and what is wrong there.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Col, e.Err)
}

// Unwrap returns what is wrong.
func (e *FileError) Unwrap() error { return e.Err }

// readConfig reads the file called name.
func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return text, nil
}

// parseDocument parses the text of the file called name.
func parseDocument(name string, text []byte) (*document, error) {
	d := &document{name: name}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case len(text) > maxConfigBytes:
		return nil, d.fail(fmt.Errorf("larger than %d bytes", maxConfigBytes))
	case len(bytes.TrimSpace(text)) == 0:
		return nil, d.fail(errors.New("the file is empty"))
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, d.fail(errors.New("not a text file in UTF-8"))
	}
	d.text = string(text)
	if _, err := toml.Decode(d.text, &d.tree); err != nil {
		return nil, d.syntaxError(err)
	}
	d.pos = locate(d.text)
	return d, nil
}

// syntaxError gives an error of the TOML parser the form of the others.
func (d *document) syntaxError(err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return d.fail(err)
	}
	// Its own line is the next one where the mistake is the end of a line.
	before := d.text[:min(max(pe.Position.Start, 0), len(d.text))]
	line, col := 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n')
	return &FileError{d.name, line, col, errors.New(syntaxMessage(pe.Message))}
}

// fail returns err as one of the file as a whole.
func (d *document) fail(err error) error { return &FileError{File: d.name, Err: err} }

// errorAt returns err with the place of a key; one that is not written has that
// of the section that it belongs to, and where there is no such section either, the
// beginning of the file.
func (d *document) errorAt(err error, path ...string) error {
	p := d.at(path...)
	return &FileError{d.name, p.line, p.col, err}
}

// errorf is errorAt for a message that begins with the key.
func (d *document) errorf(path []string, format string, args ...any) error {
	return d.errorAt(fmt.Errorf("%s: %w", keyName(path), fmt.Errorf(format, args...)), path...)
}

// at returns where a key is written, or the nearest section around it, or the whole.
func (d *document) at(path ...string) position {
	for n := len(path); n > 0; n-- {
		if p, ok := d.pos[pathKey(path[:n])]; ok {
			return p
		}
	}
	return position{1, 1}
}

// lookup returns the value of a key.
func (d *document) lookup(path ...string) (any, bool) {
	var v any = d.tree
	for _, name := range path {
		table, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = table[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// has reports whether a key is written in the file.
func (d *document) has(path ...string) bool {
	_, ok := d.lookup(path...)
	return ok
}

// pathKey makes a path a key of document.pos.
func pathKey(path []string) string { return strings.Join(path, "\x00") }

// keyName returns a path as TOML writes it. Which element of a list it is, the
// place in the file says.
func keyName(path []string) string {
	var key toml.Key
	for _, name := range path {
		if strings.Trim(name, "0123456789") != "" || name == "" {
			key = append(key, name)
		}
	}
	return key.String()
}

// Package fragment reads the XML that an operator wrote to be sent as it is: one
// element, in a file or in the configuration.
package fragment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/iqd-xmpp/iqd/component"
)

// Parse reads text of one element. An XML declaration, and white space between
// tags that has a line break, are there for the eye of who wrote it and are left
// out.
func Parse(text string) (component.Element, error) {
	blank := func(s string) string { return strings.Repeat(" ", len(s)) } // errors count bytes
	el, err := component.ParseElement(prolog.ReplaceAllStringFunc(text, blank))
	if err != nil {
		return el, err
	}
	return component.ParseElement(indent.ReplaceAllString(el.XML(), "><"))
}

// Read is Parse for a file; a name that is not absolute begins in dir. Its errors
// name the file, and the line where there is one.
func Read(dir, name string) (component.Element, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return component.Element{}, fmt.Errorf("file: %w", err) // names it
	}
	el, err := Parse(string(raw))
	var at interface{ Place() int }
	if errors.As(err, &at) {
		name += lineOf(string(raw), at.Place())
	}
	if err != nil {
		return el, fmt.Errorf("file %s: %w", name, err)
	}
	return el, nil
}

// lineOf returns the line and the column of a byte, with a colon before each.
func lineOf(text string, offset int) string {
	before := text[:min(max(offset, 0), len(text))]
	return fmt.Sprintf(":%d:%d", 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n'))
}

var (
	prolog = regexp.MustCompile(`^(\x{FEFF})?\s*(<\?xml\s[^>]*\?>)?`)
	indent = regexp.MustCompile(`>[ \t]*\n\s*<`) // a space within a line of text stays
)

package wire_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component/internal/wire"
)

// stdAccepts reports whether encoding/xml takes s for one element.
func stdAccepts(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	depth, roots := 0, 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return roots == 1 && depth == 0
		}
		if err != nil {
			return false
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.Trim(string(tok), " \t\r\n") != "" {
				return false
			}
		}
	}
}

// stricter are the differences to encoding/xml that we want: what it takes and
// we refuse. Each has an example.
var stricter = map[string]struct{ why, example string }{
	"comment":           {"RFC 6120, 11.1", "<a><!-- --></a>"},
	"instruction":       {"RFC 6120, 11.1", "<a><?b c?></a>"},
	"declaration":       {"RFC 6120, 11.1: only before the stream header", "<?xml version='1.0'?><a/>"},
	"directive":         {"RFC 6120, 11.1", "<!DOCTYPE a><a/>"},
	"directive behind":  {"RFC 6120, 11.1", "<a></a><!0>"},
	"duplicate":         {"XML 1.0, 3.1", "<a b='1' b='2'/>"},
	"undeclared prefix": {"Namespaces in XML, 5", "<p:a/>"},
	"undeclaring":       {"Namespaces in XML, 5", "<a xmlns:p=''/>"},
	"reserved":          {"Namespaces in XML, 3", "<a xmlns:xml='u'/>"},
	"colon first":       {"Namespaces in XML, 4", "<:a/>"},
	"colon last":        {"Namespaces in XML, 4", "<a:/>"},
	"no space":          {"XML 1.0, 3.1", "<a b='1'c='2'/>"},
	"surrogate":         {"XML 1.0, 2.2", "<a>&#xD800;</a>"},
	"local part":        {"Namespaces in XML, 3: an NCName", "<a xmlns:p='u'><p:1/></a>"},
}

// laxer are those the other way around: what we take and encoding/xml does not.
var laxer = map[string]struct{ why, example string }{
	"new name": {"it knows the names of the fourth edition of XML 1.0 only", "<\U00010000/>"},
}

func TestDifferences(t *testing.T) {
	ours := func(s string) bool {
		_, err := wire.ParseElement(s, "", wire.Limits{})
		return err == nil
	}
	for name, d := range stricter {
		if ours(d.example) || !stdAccepts(d.example) {
			// encoding/xml has become stricter, or we laxer.
			t.Errorf("%s: no such difference in %s", name, d.example)
		}
	}
	for name, d := range laxer {
		if !ours(d.example) || stdAccepts(d.example) {
			t.Errorf("%s: no such difference in %s", name, d.example)
		}
	}
}

// difference returns the class of a difference: what we said of s for stricter,
// or what s has for laxer.
func difference(s string, err error) string {
	if err == nil {
		d := xml.NewDecoder(strings.NewReader(s))
		for {
			if _, err := d.Token(); err != nil {
				if strings.Contains(err.Error(), "invalid XML name") || strings.Contains(err.Error(), "expected element name") ||
					strings.Contains(err.Error(), "expected attribute name") {
					return "new name"
				}
				return ""
			}
		}
	}
	for text, class := range map[string]string{
		"a comment": "comment", "a processing instruction": "instruction", "a document type": "directive",
		"unknown markup": "directive", "an attribute twice": "duplicate", "an undeclared prefix": "undeclared prefix",
		"must not be declared": "undeclaring", "a reserved default": "reserved", "a name was expected": "colon first",
		"white space was expected": "no space", "an unknown entity or bad": "surrogate", "an element was expected": "declaration",
		"not allowed in names": "local part", "something behind": "directive behind",
	} {
		if strings.Contains(err.Error(), text) {
			return class
		}
	}
	return ""
}

// TestAttributeNames reads names of each length, as they are written and otherwise,
// whole and cut at each place.
func TestAttributeNames(t *testing.T) {
	for n := 1; n <= 20; n++ {
		for _, behind := range []string{"=", "1=", "é=", " =", "\n= ", ":=", ":c=", "'=", "!=", "==", "A=", "", "1", " ", "A"} {
			for _, quote := range []string{"'", `"`, ""} {
				name := strings.Repeat("n", n)
				raw := "<a " + name + behind + quote + "v w" + quote + " z='2'/>"
				el, err := wire.ParseElement(raw, "u", wire.Limits{})
				if want := stdAccepts(raw) && behind[:min(1, len(behind))] != ":"; (err == nil) != want {
					t.Errorf("%s: %v, want accepted %v", raw, err, want)
				}
				if err == nil {
					value, ok := el.Attr(name + strings.Trim(behind, "= \n"))
					if z, _ := el.Attr("z"); !ok || value != "v w" || z != "2" {
						t.Errorf("%s: %q, %v, %q", raw, value, ok, z)
					}
				}
				for i := range raw {
					if _, err := wire.ParseElement(raw[:i], "u", wire.Limits{}); err == nil {
						t.Errorf("%s is no error", raw[:i])
					}
				}
			}
		}
	}
}

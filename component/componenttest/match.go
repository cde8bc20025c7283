package componenttest

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A memory holds what the marks of a conversation stand for.
type memory map[string]string

// matches reports whether got is what want describes. What marks such as "*push"
// stand for is read from mem and written to it, unless that is nil.
func matches(want, got *node, mem memory) bool {
	if want.isText() || got.isText() {
		return want.isText() && got.isText() && (want.text == "*" || want.text == got.text)
	}
	if want.name != got.name || len(want.attrs) != len(got.attrs) {
		return false
	}
	for i, a := range want.attrs {
		if a.Name != got.attrs[i].Name || !mem.matches(a.Value, got.attrs[i].Value) {
			return false
		}
	}
	if anything(want) {
		return true
	}
	return slices.EqualFunc(want.kids, got.kids, func(w, g *node) bool { return matches(w, g, mem) })
}

// anything reports whether whatever is inside is welcome.
func anything(want *node) bool {
	return len(want.kids) == 1 && want.kids[0].isText() && want.kids[0].text == "*"
}

func (m memory) matches(want, got string) bool {
	if want == "*" {
		return true
	}
	mark, ok := isMark(want)
	if !ok {
		return want == got
	}
	if had, ok := m[mark]; ok {
		return had == got
	}
	if m != nil {
		m[mark] = got
	}
	return true
}

// isMark tells a mark such as "*push" from an ordinary value.
func isMark(s string) (name string, ok bool) {
	name, ok = strings.CutPrefix(s, "*")
	return name, ok && regexp.MustCompile(`^[a-z]\w*$`).MatchString(name)
}

// fill puts what marks stand for into a text that is to be sent.
func (m memory) fill(raw string) string {
	return regexp.MustCompile(`=(['"])\*[a-z]\w*['"]`).ReplaceAllStringFunc(raw, func(s string) string {
		if v, ok := m[s[3:len(s)-1]]; ok {
			return "='" + escape(v) + "'"
		}
		return s
	})
}

// difference says how got differs from want, line by line.
func difference(want, got *node, mem memory) string {
	a, b := mask(want, want, mem).lines(), mask(want, got, mem).lines()
	var out strings.Builder
	for _, l := range diffLines(a, b) {
		fmt.Fprintf(&out, "  %s\n", l)
	}
	return out.String()
}

// mask returns got with a star wherever want does not care, and want with the
// values that its marks stand for, so that what differs is what matters.
func mask(want, got *node, mem memory) *node {
	if want.isText() || got.isText() || want.name != got.name {
		if want.isText() && got.isText() && want.text == "*" {
			return want
		}
		return got
	}
	out := &node{name: got.name, attrs: slices.Clone(got.attrs), kids: slices.Clone(got.kids)}
	for i, a := range out.attrs {
		j := slices.IndexFunc(want.attrs, func(w xml.Attr) bool { return w.Name == a.Name })
		if j < 0 {
			continue
		}
		mark, marked := isMark(want.attrs[j].Value)
		had, known := mem[mark]
		switch {
		case want.attrs[j].Value == "*" || marked && !known:
			out.attrs[i].Value = "*"
		case marked && want == got:
			out.attrs[i].Value = had
		}
	}
	if anything(want) {
		out.kids = want.kids
		return out
	}
	for i := range min(len(out.kids), len(want.kids)) {
		out.kids[i] = mask(want.kids[i], got.kids[i], mem)
	}
	return out
}

// diffLines returns all lines of a and b: those of a alone with a minus, those of
// b alone with a plus. It finds the longest common subsequence.
func diffLines(a, b []string) []string {
	common := make([][]int, len(a)+1) // of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}

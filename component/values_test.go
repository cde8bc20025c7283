package component_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/form"
)

// everything is a form with a field of each type.
func everything() *component.Form {
	list := []component.Option{{Value: "a"}, {Value: "b"}}
	return &component.Form{Fields: []component.Field{
		{Type: form.TypeFixed, Values: []string{"Read this."}},
		{Var: "hidden", Type: form.TypeHidden, Values: []string{"ours"}},
		{Var: "text"}, {Var: "lines", Type: form.TypeTextMulti}, {Var: "secret", Type: form.TypeTextPrivate, Values: []string{"preset"}},
		{Var: "yes", Type: form.TypeBoolean}, {Var: "jid", Type: form.TypeJID}, {Var: "jids", Type: form.TypeJIDMulti},
		{Var: "one", Options: list}, {Var: "many", Type: form.TypeListMulti, Options: list},
		{Var: "none", Options: append(list, component.Option{Label: "None"})},
	}}
}

// TestFormsAreChecked: a handler gets nothing that its form did not ask for
// (XEP-0004, 3.3).
func TestFormsAreChecked(t *testing.T) {
	var got component.Values
	next := func(_ context.Context, step *component.Step) (*component.Stage, error) {
		got = step.Values
		return nil, nil
	}
	r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
		Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) {
			return &component.Stage{Form: everything(), Next: next}, nil
		},
	}}})))
	for label, tc := range map[string]struct {
		fields []string
		field  string
		want   []string // nil: refused
	}{
		"text":               {[]string{"text", "a &lt; b"}, "text", []string{"a < b"}},
		"text twice":         {[]string{"text", "a", "text", "b"}, "text", nil},
		"lines":              {[]string{"lines", "a", "lines", "", "lines", "b"}, "lines", []string{"a", "", "b"}},
		"secret":             {[]string{"secret", "x"}, "secret", []string{"x"}},
		"yes":                {[]string{"yes", "true"}, "yes", []string{"true"}},
		"no yes":             {[]string{"yes", "yes"}, "yes", nil},
		"empty boolean":      {[]string{"yes", ""}, "yes", []string{}},
		"jid":                {[]string{"jid", "juliet@example.net"}, "jid", []string{"juliet@example.net"}},
		"no jid":             {[]string{"jid", "@@"}, "jid", nil},
		"jids":               {[]string{"jids", "a@example.net", "jids", "b@example.net"}, "jids", []string{"a@example.net", "b@example.net"}},
		"one":                {[]string{"one", "b"}, "one", []string{"b"}},
		"one, not there":     {[]string{"one", "c"}, "one", nil},
		"one, empty":         {[]string{"one", ""}, "one", []string{}},
		"many":               {[]string{"many", "a", "many", "b"}, "many", []string{"a", "b"}},
		"many, one is wrong": {[]string{"many", "a", "many", "c"}, "many", nil},
		"empty is a choice":  {[]string{"none", ""}, "none", []string{""}},
		"hidden is ours":     {[]string{"hidden", "theirs"}, "hidden", []string{"ours"}},
		"unknown":            {[]string{"unknown", "x"}, "unknown", []string{}},
	} {
		t.Run(label, func(t *testing.T) {
			at := r.run(juliet, "node='x'", "").executing(t)
			got = nil
			switch rep := r.run(juliet, at, submit(tc.fields...)); {
			case tc.want == nil:
				rep.wantsApp(t, "bad-request", "bad-payload")
			case rep.typ != "result" || !slices.Equal(got[tc.field], tc.want):
				t.Errorf("%s = %q, want %q: %s", tc.field, got[tc.field], tc.want, rep.raw)
			}
			if len(got) > 2 {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestFormComesBackFilledIn: but for what is nobody's business.
func TestFormComesBackFilledIn(t *testing.T) {
	r := begin(t, quiet(muxOf(t, component.Extension{Name: "x", Commands: []component.Command{{
		Node: "x", Run: func(context.Context, *component.Step) (*component.Stage, error) {
			return &component.Stage{Form: everything(), Next: choosePlace}, nil
		},
	}}})))
	at := r.run(juliet, "node='x'", "").executing(t)
	r.run(juliet, at, submit("text", "new", "secret", "mine", "hidden", "theirs", "many", "b")).executing(t)
	got := map[string]string{}
	for f := range r.run(juliet, at+"action='prev'", "").command().Child("jabber:x:data", "x").Children() {
		got[f.Get("var")] = f.Child("", "value").Text()
	}
	for name, want := range map[string]string{"": "Read this.", "hidden": "ours", "text": "new", "secret": "preset", "many": "b", "one": ""} {
		if got[name] != want {
			t.Errorf("%q came back as %q, want %q", name, got[name], want)
		}
	}
}

// TestValues reads what was filled in.
func TestValues(t *testing.T) {
	v := component.Values{"yes": {"1"}, "also": {"true"}, "no": {"0"}, "jid": {"juliet@example.net"}, "bad": {"@@"}}
	if !v.Bool("yes") || !v.Bool("also") || v.Bool("no") || v.Bool("absent") {
		t.Error("yes and no are mixed up")
	}
	if j, err := v.JID("jid"); err != nil || j.String() != "juliet@example.net" {
		t.Errorf("JID() = %v, %v", j, err)
	}
	_, err := v.JID("bad")
	if fmt.Sprint(err) == "<nil>" || v.Get("absent") != "" {
		t.Error("what is not there was found")
	}
}

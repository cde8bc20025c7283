package component

import (
	"slices"
	"strings"

	"mellium.im/xmpp/form"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

// Values is what a form was filled in with: by the Var of each field. A field
// that was left empty is not in it.
type Values map[string][]string

// Get returns the first value of a field, or an empty string.
func (v Values) Get(name string) string {
	if list := v[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// Bool reports whether a field of form.TypeBoolean says yes.
func (v Values) Bool(name string) bool {
	s := v.Get(name)
	return s == "1" || s == "true"
}

// JID parses the first value of a field. Its error is a jid-malformed.
func (v Values) JID(name string) (jid.JID, error) { return parseJID(v.Get(name)) }

const perValue = 64 // bytes that a value costs beside its text

// size returns about how many bytes the values hold.
func (v Values) size() (n int) {
	for name, list := range v {
		n += perValue + len(name)
		for _, s := range list {
			n += perValue + len(s)
		}
	}
	return n
}

// readValues reads the form that was filled in, if there is one among the
// children. Its strings are copies: what a session keeps must not keep the stanza.
// XEP-0050, 3.5: a form of type cancel counts as one of type submit.
func readValues(el Element) (Values, error) {
	x := el.Child(nsForm, "x")
	if x.IsZero() {
		return nil, nil
	}
	if typ := form.Type(x.Get("type")); typ == form.TypeForm || typ == form.TypeResult {
		return nil, badPayload("a form of type %q, not submit", typ)
	}
	v := Values{}
	for f := range x.Children() {
		name := f.Get("var")
		if f.Name().Local != "field" || name == "" {
			continue
		}
		name = strings.Clone(name)
		for c := range f.Children() {
			if c.Name().Local == "value" {
				v[name] = append(v[name], strings.Clone(c.Text()))
			}
		}
	}
	return v, nil
}

// check returns the values of the form's own fields, each of which is what the
// field asks for. A hidden field has what we said, whatever the asker says.
func (f *Form) check(v Values) (Values, error) {
	out := Values{}
	if f == nil {
		return out, nil
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		list, err := field.check(v[field.Var])
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && field.Var != "" {
			out[field.Var] = list
		}
	}
	return out, nil
}

func (f *Field) check(list []string) ([]string, error) {
	kind := f.kind()
	switch kind {
	case form.TypeFixed:
		return nil, nil
	case form.TypeHidden:
		return f.Values, nil
	case form.TypeText, form.TypeTextPrivate, form.TypeTextMulti:
	default: // some clients send an empty value for no choice
		list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" && !f.offers(s) })
	}
	if !slices.ContainsFunc(list, func(s string) bool { return s != "" || f.offers(s) }) {
		if f.Required {
			return nil, badPayload("%q has to be filled in", f.title())
		}
		return nil, nil
	}
	if len(list) > 1 && kind != form.TypeJIDMulti && kind != form.TypeListMulti && kind != form.TypeTextMulti {
		return nil, badPayload("%q takes one value", f.title())
	}
	for _, s := range list {
		if !f.takes(s) {
			return nil, badPayload("%q does not take %q", f.title(), clip(s))
		}
	}
	return list, nil
}

// takes reports whether a value is of the field's type (XEP-0004, 3.3).
func (f *Field) takes(s string) bool {
	switch f.kind() {
	case form.TypeBoolean:
		return slices.Contains([]string{"0", "1", "false", "true"}, s)
	case form.TypeJID, form.TypeJIDMulti:
		_, err := jid.Parse(s)
		return err == nil
	case form.TypeList, form.TypeListMulti:
		return f.offers(s)
	}
	return true
}

func (f *Field) offers(s string) bool {
	return slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == s })
}

func (f *Field) title() string {
	if f.Label != "" {
		return f.Label
	}
	return f.Var
}

func badPayload(format string, args ...any) error {
	return commandError(stanza.BadRequest, "bad-payload", format, args...)
}

package component

import (
	"cmp"
	"errors"
	"strings"

	"mellium.im/xmpp/form"
)

const nsForm = "jabber:x:data"

// A Form is a data form (XEP-0004): plain data.
type Form struct {
	Title        string
	Instructions string // one line or more
	Fields       []Field
	Columns      []Field  // of the table that Rows make (XEP-0004, 3.4)
	Rows         []Values // by the Var of each column
}

// A Field is one question of a form, or one answer of a form that tells results.
type Field struct {
	Var      string         // its name; empty: only where Type is form.TypeFixed
	Type     form.FieldType // empty: form.TypeList where there are Options, else form.TypeText
	Label    string         // for people
	Desc     string         // for people who want to know more
	Required bool
	Values   []string // to begin with
	Options  []Option // to choose from
}

// An Option is one choice of a field.
type Option struct{ Label, Value string }

func (f *Field) kind() form.FieldType {
	if f.Type == "" && len(f.Options) > 0 {
		return form.TypeList
	}
	return cmp.Or(f.Type, form.TypeText)
}

// encode writes the form. Filled is what has been filled in before, or nil.
func (f *Form) encode(e *Encoder, typ form.Type, filled Values) {
	e.Start(nsForm, "x")
	e.Attr("type", string(typ))
	if f.Title != "" {
		encodeText(e, "title", f.Title)
	}
	for line := range strings.Lines(f.Instructions) {
		encodeText(e, "instructions", strings.TrimRight(line, "\r\n"))
	}
	for i := range f.Fields {
		f.Fields[i].encode(e, filled)
	}
	f.encodeTable(e)
	e.End()
}

// encodeTable writes the results of XEP-0004, 3.4.
func (f *Form) encodeTable(e *Encoder) {
	if len(f.Columns) == 0 {
		return
	}
	e.Start("", "reported")
	for i := range f.Columns {
		f.Columns[i].encodeHead(e)
		e.End()
	}
	e.End()
	for _, row := range f.Rows {
		e.Start("", "item")
		for _, col := range f.Columns {
			e.Start("", "field")
			e.Attr("var", col.Var)
			for _, v := range row[col.Var] {
				encodeText(e, "value", v)
			}
			e.End()
		}
		e.End()
	}
}

func (f *Field) encodeHead(e *Encoder) {
	if f.Var == "" && f.kind() != form.TypeFixed {
		e.Fail(errors.New("form: a field without a name"))
	}
	e.Start("", "field")
	e.OptAttr("var", f.Var)
	e.Attr("type", string(f.kind()))
	e.OptAttr("label", f.Label)
}

func (f *Field) encode(e *Encoder, filled Values) {
	f.encodeHead(e)
	if f.Desc != "" {
		encodeText(e, "desc", f.Desc)
	}
	if f.Required {
		e.Empty("", "required")
	}
	for _, v := range f.shown(filled) {
		encodeText(e, "value", v)
	}
	for _, o := range f.Options {
		e.Start("", "option")
		e.OptAttr("label", o.Label)
		encodeText(e, "value", o.Value)
		e.End()
	}
	e.End()
}

// shown returns the values that the field begins with. A secret that was filled in
// does not go back.
func (f *Field) shown(filled Values) []string {
	switch kind := f.kind(); {
	case filled == nil, kind == form.TypeFixed, kind == form.TypeHidden, kind == form.TypeTextPrivate:
		return f.Values
	}
	return filled[f.Var]
}

func encodeText(e *Encoder, local, text string) {
	e.Start("", local)
	e.Text(text)
	e.End()
}

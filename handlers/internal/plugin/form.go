package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/form"
)

// A formResult is a data form (XEP-0004) as a plugin writes it.
type formResult struct {
	Title        string             `json:"title"`
	Instructions string             `json:"instructions"`
	Fields       []fieldResult      `json:"fields"`
	Columns      []fieldResult      `json:"columns"` // of a table of results
	Rows         []map[string]texts `json:"rows"`
}

type fieldResult struct {
	Var      string         `json:"var"`
	Type     form.FieldType `json:"type"`
	Label    string         `json:"label"`
	Desc     string         `json:"desc"`
	Required bool           `json:"required"`
	Value    texts          `json:"value"`
	Options  []optionResult `json:"options"`
}

type optionResult struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// form returns the form, or nil.
func (f *formResult) form() *component.Form {
	if f == nil {
		return nil
	}
	out := &component.Form{Title: f.Title, Instructions: f.Instructions, Fields: fields(f.Fields), Columns: fields(f.Columns)}
	for _, row := range f.Rows {
		values := component.Values{}
		for name, v := range row {
			values[name] = v
		}
		out.Rows = append(out.Rows, values)
	}
	return out
}

func fields(list []fieldResult) []component.Field {
	var out []component.Field
	for _, f := range list {
		field := component.Field{Var: f.Var, Type: f.Type, Label: f.Label, Desc: f.Desc, Required: f.Required, Values: f.Value}
		for _, o := range f.Options {
			field.Options = append(field.Options, component.Option(o))
		}
		out = append(out, field)
	}
	return out
}

func (f *formResult) check() error {
	if f == nil {
		return nil
	}
	for _, field := range slices.Concat(f.Fields, f.Columns) {
		if !slices.Contains(fieldTypes(), field.Type) {
			return fmt.Errorf("field %s: type %s is none of XEP-0004, 3.3", Clip(field.Var), Clip(field.Type))
		}
		if field.Var == "" && field.Type != form.TypeFixed {
			return fmt.Errorf("field %s has no var", Clip(field.Label))
		}
	}
	return nil
}

// fieldTypes are those of XEP-0004, 3.3, and none.
func fieldTypes() []form.FieldType {
	return []form.FieldType{
		"", form.TypeBoolean, form.TypeFixed, form.TypeHidden, form.TypeJID, form.TypeJIDMulti, form.TypeList,
		form.TypeListMulti, form.TypeText, form.TypeTextMulti, form.TypeTextPrivate,
	}
}

// texts are the values of a field: a list, or a single one, of strings, numbers or
// booleans.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(raw []byte) error {
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
	}
	for _, v := range list {
		s, err := text(v)
		if err != nil {
			return err
		}
		*t = append(*t, s...)
	}
	return nil
}

// text returns a value as XEP-0004 writes it: a boolean is "true" or "false", and
// null is no value.
func text(raw json.RawMessage) ([]string, error) {
	switch {
	case bytes.Equal(raw, []byte("null")):
		return nil, nil
	case raw[0] == '{' || raw[0] == '[':
		return nil, fmt.Errorf("a value that is no text: %s", Clip(raw))
	case raw[0] != '"':
		return []string{string(raw)}, nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return []string{s}, err
}

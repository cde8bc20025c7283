package iqdcmd

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// strict returns what keeps a value of the document from being decoded into the
// types given: keys that none of them has, and values of the wrong type. It looks
// where the TOML package does not: into arrays of tables, and at durations
// written as bare numbers, which that takes for nanoseconds.
func (d *document) strict(path []string, types ...reflect.Type) error {
	v, _ := d.lookup(path...)
	c := &checker{doc: d}
	table, ok := v.(map[string]any)
	if !ok {
		return d.errorf(path, "is %s, not a table", kindOf(v))
	}
	c.table(path, table, types)
	return sortErrors(c.errs)
}

// A checker collects the errors of strict.
type checker struct {
	doc  *document
	errs []error
}

func (c *checker) errorf(path []string, format string, args ...any) {
	c.errs = append(c.errs, c.doc.errorf(path, format, args...))
}

// table checks each key of a table against the fields of structs.
func (c *checker) table(path []string, table map[string]any, types []reflect.Type) {
	fields := map[string][]reflect.Type{}
	for _, t := range types {
		for key, ft := range keysOf(t) {
			fields[key] = append(fields[key], ft)
		}
	}
	for key, v := range table {
		at := append(slices.Clip(path), key)
		if fields[key] == nil {
			c.unknown(at, slices.Collect(maps.Keys(fields)))
			continue
		}
		for _, t := range fields[key] {
			c.value(at, v, t)
		}
	}
}

func (c *checker) unknown(path []string, known []string) {
	msg := fmt.Sprintf("unknown key %q", keyName(path))
	if near := nearest(path[len(path)-1], known); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	c.errs = append(c.errs, c.doc.errorAt(fmt.Errorf("%s", msg), path...))
}

// value checks one value against a type.
func (c *checker) value(path []string, v any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[toml.Primitive]():
		c.want(path, v, "table")
	case t == reflect.TypeFor[time.Duration]():
		c.duration(path, v)
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		c.want(path, v, "string")
	case t.Kind() == reflect.Struct:
		if c.want(path, v, "table") {
			c.table(path, v.(map[string]any), []reflect.Type{t})
		}
	case t.Kind() == reflect.Map:
		if c.want(path, v, "table") {
			for key, elem := range v.(map[string]any) {
				c.value(append(slices.Clip(path), key), elem, t.Elem())
			}
		}
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		if c.want(path, v, "list") {
			for i, elem := range elements(v) {
				c.value(append(slices.Clip(path), strconv.Itoa(i)), elem, t.Elem())
			}
		}
	default:
		c.scalar(path, v, t)
	}
}

func (c *checker) duration(path []string, v any) {
	s, ok := v.(string)
	if !ok {
		c.errorf(path, `is %s; a duration is written in quotes with its unit, such as "5s"`, kindOf(v))
		return
	}
	if _, err := time.ParseDuration(s); err != nil {
		c.errorf(path, `%q is no duration, such as "500ms", "5s" or "1h30m"`, s)
	}
}

func (c *checker) scalar(path []string, v any, t reflect.Type) {
	switch t.Kind() {
	case reflect.String:
		c.want(path, v, "string")
	case reflect.Bool:
		c.want(path, v, "boolean")
	case reflect.Float32, reflect.Float64:
		if _, ok := v.(int64); !ok {
			c.want(path, v, "number")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if c.want(path, v, "integer") && t.OverflowInt(v.(int64)) {
			c.errorf(path, "%d is out of range", v)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if c.want(path, v, "integer") && (v.(int64) < 0 || t.OverflowUint(uint64(v.(int64)))) {
			c.errorf(path, "%d is out of range", v)
		}
	}
}

// want reports whether v is of a kind, and says so if it is not.
func (c *checker) want(path []string, v any, kind string) bool {
	if article(kind) == kindOf(v) {
		return true
	}
	c.errorf(path, "is %s, not %s", kindOf(v), article(kind))
	return false
}

// kindOf names what a TOML value is.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return article("string")
	case bool:
		return article("boolean")
	case int64:
		return article("integer")
	case float64:
		return article("number")
	case time.Time:
		return article("date")
	case map[string]any:
		return article("table")
	case []any, []map[string]any:
		return article("list")
	}
	return "absent"
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// elements returns the elements of a list.
func elements(v any) []any {
	tables, ok := v.([]map[string]any)
	if !ok {
		return v.([]any)
	}
	var out []any
	for _, t := range tables {
		out = append(out, t)
	}
	return out
}

// keysOf returns the keys of a struct and their types. A type that is no struct
// has none.
func keysOf(t reflect.Type) map[string]reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	keys := map[string]reflect.Type{}
	if t.Kind() != reflect.Struct {
		return keys
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			maps.Copy(keys, keysOf(f.Type))
		case !f.IsExported():
		case name == "":
			keys[f.Name] = f.Type
		default:
			keys[name] = f.Type
		}
	}
	return keys
}

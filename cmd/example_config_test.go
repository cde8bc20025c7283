package iqdcmd_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers"
)

const exampleFile = "../config.example.toml"

func exampleText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unset matches a line of a key or a section that is not set.
var unset = regexp.MustCompile(`(?m)^#(\[|[a-z_]+ *=)`)

// everything returns the example with every key set, as a tree.
func everything(t *testing.T) map[string]any {
	t.Helper()
	var tree map[string]any
	if _, err := toml.Decode(unset.ReplaceAllString(exampleText(t), "$1"), &tree); err != nil {
		t.Fatalf("the example with all keys set: %v", err)
	}
	return tree
}

// The example runs as it is beside a server with the secret "secret", and every
// handler in it answers.
func TestExampleRuns(t *testing.T) {
	r := stage(t, "")
	server := componenttest.NewServer(componenttest.Options{Domain: "iqd.localhost"})
	t.Cleanup(server.Close)
	r.server = server
	addr, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(exampleText(t), "127.0.0.1:5347", addr, 1)
	if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start().online()
	for _, query := range [][2]string{
		{"http://jabber.org/protocol/disco#info", "query"}, {"urn:xmpp:ping", "ping"}, {"jabber:iq:version", "query"},
		{"urn:xmpp:time", "time"}, {"jabber:iq:last", "query"}, {"vcard-temp", "vCard"}, {"jabber:iq:roster", "query"},
	} {
		err := server.Send(fmt.Sprintf("<iq type='get' id='1' from='juliet@localhost/balcony' to='iqd.localhost'><%s xmlns='%s'/></iq>", query[1], query[0]))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.reply("1"); !isResult(got) {
			t.Errorf("%s is answered with %s", query[0], got)
		}
	}
	if strings.Contains(r.log.String(), `"WARN"`) || strings.Contains(r.log.String(), `"ERROR"`) {
		t.Errorf("the example is warned of:\n%s", r.log)
	}
}

func TestExampleHasNoMistake(t *testing.T) {
	code, _, errs := command(t, map[string]string{"STATE_DIRECTORY": t.TempDir()}, "check", "-c", exampleFile)
	if code != 0 || errs != "" {
		t.Errorf("iqd check: exit code %d\n%s", code, errs)
	}
}

// The keys that are not set are keys too.
func TestExampleHasNoUnknownKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "iqd.toml")
	text := regexp.MustCompile(`(?m)^secret .*`).ReplaceAllString(exampleText(t), "") // there is secret_file
	if err := os.WriteFile(name, []byte(unset.ReplaceAllString(text, "$1")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, errs := command(t, nil, "check", "-c", name)
	contains(t, errs, "secret_file: read secret", "[handlers.vcard] file and name") // so it was read to the end
	if strings.Contains(errs, "unknown key") || strings.Contains(errs, ", not a") {
		t.Errorf("iqd check:\n%s", errs)
	}
}

// A key that is added to the code has to be added to the example, with its default.
func TestExampleHasEveryKeyAndDefault(t *testing.T) {
	tree := everything(t)
	checkKeys(t, "", tree, reflect.ValueOf(iqdcmd.DefaultConfig()))
	sections := tree["handlers"].(map[string]any)
	reg := handlers.Standard()
	for _, name := range reg.Names() {
		section, ok := ofKind(sections, name)
		if !ok {
			t.Errorf("no section in the example is of kind %s", name)
			continue
		}
		checkKeys(t, "handlers."+name, section, reflect.ValueOf(reg[name].Defaults()))
	}
	checkKeys(t, "handlers.ping", sections["ping"].(map[string]any), reflect.ValueOf(iqdcmd.HandlerConfig{}))
}

// ofKind returns the section of a kind of handler. The keys that all plugins have
// are in that of one.
func ofKind(sections map[string]any, kind string) (map[string]any, bool) {
	shared := map[string]any{}
	var found map[string]any
	for name, v := range sections {
		section := v.(map[string]any)
		if section["namespaces"] != nil {
			maps.Copy(shared, section)
		}
		if section["kind"] == kind || section["kind"] == nil && name == kind {
			found = section
		}
	}
	if found["kind"] != nil {
		maps.Copy(shared, found)
		return shared, true
	}
	return found, found != nil
}

// checkKeys checks that a section has a key for each field of a struct, with the
// value of the field where that is not zero.
func checkKeys(t *testing.T, path string, section map[string]any, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		if !v.Type().Field(i).IsExported() {
			continue
		}
		name, field := strings.TrimPrefix(path+"."+key, "."), v.Field(i)
		got, ok := section[key]
		switch {
		case v.Type().Field(i).Anonymous:
			checkKeys(t, path, section, field)
		case !ok:
			t.Errorf("%s is not in the example", name)
		case field.Kind() == reflect.Struct:
			checkKeys(t, name, got.(map[string]any), field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			checkKeys(t, name, firstTable(got), reflect.Zero(field.Type().Elem()))
		case !field.IsZero() && !same(got, field):
			t.Errorf("%s is %v in the example, and its default is %v", name, got, field)
		}
	}
}

func firstTable(v any) map[string]any {
	if tables, ok := v.([]map[string]any); ok {
		return tables[0]
	}
	return v.([]any)[0].(map[string]any)
}

// same reports whether a value of the file is that of a field.
func same(got any, field reflect.Value) bool {
	if want, ok := field.Interface().(time.Duration); ok {
		text, _ := got.(string)
		d, err := time.ParseDuration(text)
		return err == nil && d == want
	}
	return fmt.Sprint(got) == fmt.Sprint(field.Interface())
}

// What is set is the default, but for what a configuration has to say.
func TestExampleSetsDefaults(t *testing.T) {
	var set map[string]any
	if _, err := toml.Decode(exampleText(t), &set); err != nil {
		t.Fatal(err)
	}
	changed := map[string]bool{}
	collectChanged(changed, "", set, reflect.ValueOf(iqdcmd.DefaultConfig()))
	reg := handlers.Standard()
	for name, section := range set["handlers"].(map[string]any) {
		collectChanged(changed, "handlers."+name, section.(map[string]any), reflect.ValueOf(reg[name].Defaults()))
	}
	want := []string{"component.hosts", "component.jid", "component.secret", "component.server", "handlers.disco.items"}
	if got := slices.Sorted(maps.Keys(changed)); !slices.Equal(got, want) {
		t.Errorf("set to something else than the default: %v, want %v", got, want)
	}
}

func collectChanged(changed map[string]bool, path string, section map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		got, ok := section[key]
		name := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case !ok || key == "handlers":
		case v.Field(i).Kind() == reflect.Struct:
			collectChanged(changed, name, got.(map[string]any), v.Field(i))
		case !same(got, v.Field(i)):
			changed[name] = true
		}
	}
}

// Every key says what it is.
func TestExampleExplainsEveryKey(t *testing.T) {
	key := regexp.MustCompile(`^#?[a-z_]+ *=`)
	for i, line := range strings.Split(exampleText(t), "\n") {
		if key.MatchString(line) && !strings.Contains(line[1:], " # ") {
			t.Errorf("%s:%d: no comment: %s", exampleFile, i+1, line)
		}
	}
}

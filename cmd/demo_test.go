package iqdcmd_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/handlers"
)

// The demo ends by itself, and what it shows is in the order that it has to be.
func TestDemo(t *testing.T) {
	t.Parallel()
	start := time.Now()
	code, out, errs := iqd(t, "", "demo")
	if code != iqdcmd.ExitDone || errs != "" {
		t.Fatalf("exit code %d, standard error %q, output\n%s", code, errs, out)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	rest := out
	for _, want := range []string{
		"XEP-0030", "disco#info", "<feature var='urn:xmpp:ping'/>", "disco#items", "name='Documents'",
		"<ping xmlns='urn:xmpp:ping'/>", "<name>iqd</name>",
		"→ <iq type='set'", "← <iq type='result'", "← <iq type='set'", "to='juliet@localhost/phone'", "<group>Friends</group>",
		"name='Romeo' subscription='none'", "feature-not-implemented",
		"→ <iq type='get'", "urn:example:slow", "→ <iq type='get'", "urn:xmpp:ping", "to='juliet@localhost/balcony'/>", "to='romeo@localhost/orchard'>", "It took 300ms",
		"\nNext: ",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q is not behind what comes before it in\n%s", want, out)
		}
		rest = after
	}
	if strings.Count(rest, "\n") != 1 || !strings.Contains(rest, "server-config") {
		t.Errorf("the last line is not what to do next: %q", rest)
	}
	if strings.Contains(out, "\x1b") {
		t.Error("there is colour in what is no terminal")
	}
}

// A reply that is not as it has to be is a failure, and the demo says which.
func TestDemoFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reg  func(handlers.Registry)
		want string
	}{
		"a handler is broken": {
			func(reg handlers.Registry) {
				reg["ping"] = handlers.Plain(func() component.Extension {
					return component.Extension{Routes: []component.Route{{
						Name: xmlName("urn:xmpp:ping", "ping"),
						Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) {
							return nil, errors.New("out of order")
						}),
					}}}
				})
			},
			`Are you there?: expected type="result", got "error"`,
		},
		"a handler is missing": {func(reg handlers.Registry) { delete(reg, "roster") }, `unknown handler "roster"`},
		"a reply is empty": {
			func(reg handlers.Registry) {
				reg["version"] = handlers.Plain(func() component.Extension {
					return component.Extension{Routes: []component.Route{{
						Name: xmlName("jabber:iq:version", "query"),
						Get:  component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { return nil, nil }),
					}}}
				})
			},
			"expected an element name in the reply",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := handlers.Standard()
			tc.reg(reg)
			var out, errs bytes.Buffer
			code := iqdcmd.Execute(t.Context(), []string{"demo"}, iqdcmd.World{
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" },
			}, reg)
			if code != iqdcmd.ExitFailed || !strings.Contains(errs.String(), tc.want) {
				t.Errorf("exit code %d, standard error %q", code, &errs)
			}
		})
	}
}

// With --stay the component answers what is typed in, until a signal ends it.
func TestDemoStays(t *testing.T) {
	t.Parallel()
	in, typed := io.Pipe()
	read, out := io.Pipe()
	sigs := make(chan os.Signal, 1)
	var errs bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- iqdcmd.Execute(context.Background(), []string{"demo", "--stay"}, iqdcmd.World{
			Stdin: in, Stdout: out, Stderr: &errs, Getenv: func(string) string { return "" }, Signals: sigs,
		}, handlers.Standard())
		out.Close()
	}()
	screen := newScreen(read)
	screen.wait(t, "Ctrl-C ends it")
	for _, tc := range []struct{ typed, want string }{
		{"<ping xmlns='urn:xmpp:ping'/>\n", "← <iq type='result' id='12' from='iqd.localhost' to='juliet@localhost/balcony'/>"},
		{"<iq type='set'>\n<ping xmlns='urn:xmpp:ping'/>\n</iq>\n", "← <iq type='error'"},
		{"ping\n", "✗ no XML element"},
		{"<ping xmlns=urn/>\n", "✗ no XML element"},
		{"<ping xmlns='urn:xmpp:ping'/>\n", "← <iq type='result'"}, // nothing was swallowed
		{"<iq type='get'>\n", "… (an empty line gives up)"},
		{"</message>\n", "✗ no XML element"},
		{"<ping xmlns='urn:xmpp:ping'>\n\n", "✗ no XML element"},
		{"\n<message from='romeo@localhost/x' id='m' to='iqd.localhost'/>\n", "→ <message from='romeo@localhost/x' id='m'"},
		{"<iq from='romeo@localhost/x' id='i' type='get'><query xmlns='jabber:iq:last'/></iq>\n", "id='i' from='iqd.localhost' to='romeo@localhost/x'"},
	} {
		if _, err := io.WriteString(typed, tc.typed); err != nil {
			t.Fatal(err)
		}
		screen.wait(t, tc.want)
	}
	sigs <- syscall.SIGINT
	if c := <-code; c != iqdcmd.ExitDone {
		t.Errorf("exit code %d, standard error %q", c, &errs)
	}
	typed.Close()
}

// The end of the input, and quit, end it too, but not before all is answered.
func TestDemoStaysUntilTheInputEnds(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]string{
		"end":  "<wait xmlns='urn:example:slow'/>\n",
		"quit": "<wait xmlns='urn:example:slow'/>\nquit\n<ping xmlns='urn:xmpp:ping'/>\n",
		"half": "<wait xmlns='urn:example:slow'/>\n<ping",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := iqd(t, typed, "demo", "--stay")
			_, stayed, _ := strings.Cut(out, "The component stays up")
			if code != iqdcmd.ExitDone || errs != "" || strings.Count(stayed, "←") != 1 || !strings.Contains(stayed, "It took 300ms") {
				t.Errorf("exit code %d, standard error %q, output\n%s", code, errs, stayed)
			}
		})
	}
}

// What cannot be printed was not shown.
func TestDemoFailsOnAFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { full.Close() })
	var errs bytes.Buffer
	code := iqdcmd.Execute(t.Context(), []string{"demo"}, iqdcmd.World{
		Stdin: strings.NewReader(""), Stdout: full, Stderr: &errs, Getenv: func(string) string { return "" },
	}, handlers.Standard())
	if code != iqdcmd.ExitFailed || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("exit code %d, standard error %q", code, &errs)
	}
}

// What the demo runs with is the example, but for where rosters are kept.
func TestDemoConfigIsTheExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	var example, demo struct {
		Component struct{ JID string }
		Handlers  map[string]map[string]any
	}
	if err := toml.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	if err := toml.Unmarshal(iqdcmd.DemoConfig(), &demo); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sortedKeys(example.Handlers), sortedKeys(demo.Handlers)); diff != "" || demo.Component != example.Component {
		t.Errorf("the demo and config.example.toml differ: %+v, %+v\n%s", demo.Component, example.Component, diff)
	}
}

func TestDemoLayout(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw  string
		want []string
	}{
		"empty":      {"<iq/>", []string{"<iq/>"}},
		"text":       {"<a><b x='1'>t</b></a>", []string{"<a>", "  <b x='1'>t</b>", "</a>"}},
		"nested":     {"<a><b><c/></b></a>", []string{"<a>", "  <b>", "    <c/>", "  </b>", "</a>"}},
		"same name":  {"<a><a/></a>", []string{"<a>", "  <a/>", "</a>"}},
		"white":      {"<a>\n<b/>\n</a>", []string{"<a>", "  <b/>", "</a>"}},
		"start only": {"<a></a>", []string{"<a></a>"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, iqdcmd.Layout(tc.raw)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDemoMarkup(t *testing.T) {
	t.Parallel()
	want := "  \x1b[36m<b\x1b[0m x='1'>t\x1b[36m</b\x1b[0m>"
	if got := iqdcmd.Markup("  <b x='1'>t</b>"); got != want {
		t.Errorf("Markup() = %q, want %q", got, want)
	}
}

package componenttest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"mellium.im/xmpp/stanza"
)

// greeter answers hello at once, later when it is told to, never with a result
// that has no reply to it, and pushes to who subscribes.
func greeter(t *testing.T) *component.Mux {
	t.Helper()
	mux := component.NewMux()
	mux.HandleGet("urn:example:hello", "hello", hello)
	mux.HandleSet("urn:example:push", "push", func(_ context.Context, req *component.Request) (component.Payload, error) {
		req.AfterReply(func(_ context.Context, out component.Requester) {
			call := component.Call{Type: stanza.SetIQ, To: req.From, Payload: component.Text("urn:example:push", "push", "1")}
			if err := out.StartIQ(call, func(res *component.Response, err error) {
				if err == nil {
					err = out.Send(component.Stanza{Kind: "message", To: res.From})
				}
				if err != nil && !errors.Is(err, component.ErrShutdown) {
					t.Error(err)
				}
			}); err != nil {
				t.Error(err)
			}
		})
		return nil, nil
	})
	return mux
}

const (
	sayHello = `
> <iq type='get' id='1' from='juliet@example.net' to='iq.example.net'>
>   <hello xmlns='urn:example:hello'/>
> </iq>
`
	helloBack = `
< <iq type='result' id='1' from='iq.example.net' to='juliet@example.net'>
<   <hello xmlns='urn:example:hello'>Hello, juliet@example.net</hello>
< </iq>
`
)

// Each case is a conversation and what the test complains of; nothing where it
// passes.
func TestRun(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"right":                {text: sayHello + helloBack},
		"CRLF":                 {text: strings.ReplaceAll(sayHello+helloBack, "\n", "\r\n")},
		"stars":                {text: sayHello + "< <iq type='*' id='*' from='*' to='*'><hello xmlns='urn:example:hello'>*</hello></iq>"},
		"star for all":         {text: sayHello + "< <iq type='result' id='1' from='*' to='*'>*</iq>"},
		"attributes reordered": {text: sayHello + strings.Replace(helloBack, "type='result' id='1'", "id='1' type='result'", 1)},
		"several at once": {text: `
> <iq type='get' id='1' from='a@example.net' to='iq.example.net'/><iq type='get' id='2' from='a@example.net' to='iq.example.net'/>
> <iq type='get' id='3' from='a@example.net' to='iq.example.net'/>
< <iq type='error' id='1' from='*' to='*'>*</iq><iq type='error' id='2' from='*' to='*'>*</iq>
< <iq type='error' id='3' from='*' to='*'>*</iq>`},
		"a mark": {text: `
> <iq type='set' id='s' from='juliet@example.net/a' to='iq.example.net'><push xmlns='urn:example:push'/></iq>
< <iq type='result' id='s' from='iq.example.net' to='juliet@example.net/a'/>
< <iq type='set' id='*push' from='iq.example.net' to='*who'><push xmlns='urn:example:push'>1</push></iq>
> <iq type='result' id='*push' from="*who" to='iq.example.net'/>
< <message from='iq.example.net' to='*who'/>`},
		"a mark that differs": {text: `
> <iq type='set' id='s' from='juliet@example.net/a' to='iq.example.net'><push xmlns='urn:example:push'/></iq>
< <iq type='result' id='s' from='iq.example.net' to='*who'/>
< <iq type='set' id='*id' from='*who' to='*'>*</iq>`,
			want: []string{
				".iq:4: another answer came",
				"  - <iq from='juliet@example.net/a' id='*' to='*' type='set'>",
				"  + <iq from='iq.example.net' id='*' to='*' type='set'>",
			}},
		"nothing": {text: `
> <iq type='result' id='1' from='juliet@example.net' to='iq.example.net'/><iq type='error' id='1' from='a@example.net' to='iq.example.net'/>
< nothing` + sayHello + helloBack},
		"something for nothing": {text: sayHello + "< nothing", want: []string{".iq:5: here nothing was to come\ngot:    <iq type='result' id='1'"}},
		"other text": {text: sayHello + strings.Replace(helloBack, ">Hello,", ">Good day,", 1), want: []string{
			".iq:6: another answer came (- wanted, + got)\n",
			"wanted: <iq type='result' id='1' from='iq.example.net' to='juliet@example.net'><hello xmlns='urn:example:hello'>Good day, juliet@example.net</hello></iq>\n",
			"got:    <iq type='result' id='1' from='iq.example.net' to='juliet@example.net'><hello xmlns='urn:example:hello'>Hello, juliet@example.net</hello></iq>\n",
			"    <iq from='iq.example.net' id='1' to='juliet@example.net' type='result'>\n" +
				"      <hello xmlns='urn:example:hello'>\n" +
				"  -     Good day, juliet@example.net\n" +
				"  +     Hello, juliet@example.net\n" +
				"      </hello>\n" +
				"    </iq>\n",
		}},
		"stars are not differences": {text: sayHello + "< <iq type='result' id='2' from='*' to='*'>*</iq>", want: []string{
			"  - <iq from='*' id='2' to='*' type='result'>\n  + <iq from='*' id='1' to='*' type='result'>\n      *\n",
		}},
		"other namespace":   {text: sayHello + strings.ReplaceAll(helloBack, "urn:example:hello", "urn:example:other"), want: []string{"+   <hello xmlns='urn:example:hello'>"}},
		"attribute missing": {text: sayHello + strings.Replace(helloBack, "id='1'", "id='1' xml:lang='en'", 1), want: []string{"xml:lang='en'>"}},
		"child missing":     {text: sayHello + strings.Replace(helloBack, "< </iq>", "< <a/></iq>", 1), want: []string{"  -   <a/>\n"}},
		"no answer":         {text: sayHello + helloBack + "< <presence/>", want: []string{".iq:9: no answer\nwanted: <presence/>"}},
		"unanswered":        {text: sayHello + helloBack + sayHello, want: []string{".iq:10: at the end nothing was to come\ngot:    <iq type='result'"}},
		"any order": {text: sayHello + strings.Replace(sayHello, "'1'", "'2'", 1) + "? any order" +
			strings.Replace(helloBack, "'1'", "'2'", 1) + "# and the first one\n" + strings.TrimSpace(helloBack), want: nil},
		"any order, another": {text: sayHello + "? any order\n< <presence/><iq type='error' id='1' from='iq.example.net' to='juliet@example.net'/>",
			want: []string{"- wanted", "wanted: <iq type='error'"}},
		"any order of nothing":  {text: sayHello + "? any order\n> <presence/>", want: []string{".iq:5: '? any order' stands ahead"}},
		"any order at the end":  {text: sayHello + "? any order\n", want: []string{".iq:5: '? any order' stands ahead"}},
		"stray line":            {text: sayHello + "<iq/>", want: []string{`.iq:5: a line starts with '#', '> ', '< '`}},
		"broken answer":         {text: sayHello + "< <iq", want: []string{".iq:5: parse"}},
		"comment in an answer":  {text: sayHello + "< <iq><!-- x --></iq>", want: []string{".iq:5: parse"}},
		"answer of text":        {text: sayHello + "< hello", want: []string{".iq:5: no stanza in"}},
		"nothing said":          {text: "# nothing\n", want: []string{".iq:1: nothing is said"}},
		"the stream is no more": {text: "> </stream:stream>\n> <iq", want: []string{"component"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := conversation(t, tc.text)
			// Where an answer is missing, the wait for it should not be long.
			opt := componenttest.Timeout(10 * time.Second)
			if name == "no answer" || name == "the stream is no more" {
				opt = componenttest.Timeout(300 * time.Millisecond)
			}
			wantFailure(t, try("t", func(f *fakeT) { componenttest.Run(f, greeter(t), file, opt) }), tc.want...)
		})
	}
}

// conversation writes a file and returns its name.
func conversation(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.iq")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Any order means any: whichever request is answered first.
func TestRunAnyOrder(t *testing.T) {
	release := make(chan struct{})
	mux := component.NewMux()
	mux.HandleGet("urn:example:first", "q", func(context.Context, *component.Request) (component.Payload, error) {
		<-release
		return nil, nil
	})
	mux.HandleGet("urn:example:second", "q", func(_ context.Context, req *component.Request) (component.Payload, error) {
		req.AfterReply(func(context.Context, component.Requester) { close(release) })
		return nil, nil
	})
	file := conversation(t, `
> <iq type='get' id='1' from='a@example.net' to='iq.example.net'><q xmlns='urn:example:first'/></iq>
> <iq type='get' id='2' from='b@example.net' to='iq.example.net'><q xmlns='urn:example:second'/></iq>
? any order
< <iq type='result' id='1' from='iq.example.net' to='a@example.net'/>
< <iq type='result' id='2' from='iq.example.net' to='b@example.net'/>
`)
	componenttest.Run(t, mux, file)
}

// A request that the file forgets is found even when its answer comes late.
func TestRunLateAnswer(t *testing.T) {
	release := make(chan struct{})
	mux := component.NewMux()
	mux.HandleGet("urn:example:late", "q", func(context.Context, *component.Request) (component.Payload, error) {
		<-release
		return nil, nil
	})
	file := conversation(t, "> <iq type='get' id='1' from='a@example.net' to='iq.example.net'><q xmlns='urn:example:late'/></iq>")
	trace := componenttest.Stage(func(o *componenttest.Options) {
		o.Trace = func(sent bool, data string) {
			if !sent && strings.Contains(data, "fence-1") { // the conversation is at its end
				close(release)
			}
		}
	})
	wantFailure(t, try("t", func(f *fakeT) { componenttest.Run(f, mux, file, trace) }), ".iq:1: at the end nothing was to come\ngot:    <iq type='result'")
}

// Each file is a subtest with a component of its own.
func TestRunEach(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.iq", "b.iq"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(sayHello+helloBack), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var made []string
	f := try("t", func(f *fakeT) {
		componenttest.RunEach(f, func(sub *fakeT) component.Handler {
			made = append(made, sub.Name())
			return greeter(t)
		}, filepath.Join(dir, "*.iq"))
	})
	wantFailure(t, f)
	if strings.Join(made, " ") != "t/a.iq t/b.iq" || len(f.subtests) != 2 {
		t.Errorf("handlers were made for %q", made)
	}
	// What cannot have subtests runs the files one after the other.
	var plain struct{ componenttest.TB }
	wantFailure(t, try("t", func(f *fakeT) {
		plain.TB = f
		componenttest.Run(plain, greeter(t), filepath.Join(dir, "*.iq"))
	}))
	wantFailure(t, try("t", func(f *fakeT) { componenttest.Run(f, greeter(t), filepath.Join(dir, "*.txt")) }), "no file matches")
}

func TestAsk(t *testing.T) {
	const question = "<iq type='get' id='1' from='juliet@example.net' to='iq.example.org'><q xmlns='urn:example:hello'/></iq>"
	ext := component.Extension{Name: "q", Routes: []component.Route{{Get: component.HandlerFunc(
		func(_ context.Context, req *component.Request) (component.Payload, error) {
			if !req.Local() {
				return nil, errors.New("not local")
			}
			return nil, nil
		})}}}
	ext.Routes[0].Name.Space = "urn:example:hello"
	got := componenttest.Ask(t, componenttest.Extension(ext), question, componenttest.Domain("iq.example.org"),
		componenttest.Hosts("example.net"), componenttest.As(componenttest.Ejabberd))
	if want := "<iq type='result' id='1' from='iq.example.org' to='juliet@example.net'/>"; got != want {
		t.Errorf("Ask() = %s, want %s", got, want)
	}
	short := componenttest.Timeout(300 * time.Millisecond)
	for stanza, want := range map[string]string{
		"<iq type='result' id='1'/>": "is not one request",
		"<iq":                        "is not one request",
		"<iq type='get' id='1' to='iq.example.net'><q xmlns='urn:example:hello'/></iq>": "no answer", // from nobody
	} {
		wantFailure(t, try("t", func(f *fakeT) { componenttest.Ask(f, greeter(t), stanza, short) }), want)
	}
	defer func() {
		if recover() == nil {
			t.Error("Extension() took two of the same name")
		}
	}()
	componenttest.Extension(ext, ext)
}

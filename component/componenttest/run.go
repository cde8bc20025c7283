package componenttest

import (
	"context"
	"os"
	"path/filepath"

	"github.com/iqd-xmpp/iqd/component"
)

// Run holds a handler against the conversations in the files that glob matches,
// such as "testdata/*.iq": each with a component of its own, and as a subtest of
// its own if t can have any.
//
// In a file, lines that start with "# " are comments. Lines that start with "> "
// go from a user to the component, lines that start with "< " are what the
// component sends next. Consecutive lines of one kind are one text, one or more
// stanzas, up to a line of another kind or an empty one; white space around
// elements is only there for the eye. Stanzas are compared as XML: attributes in any order, children in theirs. A value or a text
// of "*" stands for anything. A value such as "*push" stands for anything too,
// and for the same wherever it appears again, also in a line that is sent.
//
// The line "? any order" lets the stanzas of the next lines come in any order.
// The line "< nothing" says that no answer comes. At the end of a file nothing
// may be left unsaid.
func Run[T TB](t T, h component.Handler, glob string, opts ...Option) {
	t.Helper()
	RunEach(t, func(T) component.Handler { return h }, glob, opts...)
}

// RunEach is Run with a handler made anew for each file.
func RunEach[T TB](t T, handler func(T) component.Handler, glob string, opts ...Option) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %q", glob)
	}
	for _, file := range files {
		one := func(t T) {
			t.Helper()
			runFile(t, handler(t), file, opts)
		}
		if sub, ok := any(t).(interface{ Run(string, func(T)) bool }); ok {
			sub.Run(filepath.Base(file), one)
		} else {
			one(t)
		}
	}
}

func runFile(t TB, h component.Handler, file string, opts []Option) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	steps, err := parseConversation(string(text))
	if err != nil {
		t.Fatalf("%s:%v", file, err)
	}
	comp, srv := Start(t, component.Config{Handler: h}, opts...)
	talk := &talk{t: t, comp: comp, srv: srv, file: file, timeout: newSetting(opts).timeout, mem: memory{}}
	for _, s := range steps {
		talk.step(s)
	}
	talk.silence(steps[len(steps)-1].line, "at the end")
}

// Ask sends one request to a handler and returns what the component answers, as
// it was written. The stanza is sent as it is: it needs type, id, from and to.
func Ask(t TB, h component.Handler, stanza string, opts ...Option) string {
	t.Helper()
	_, srv := Start(t, component.Config{Handler: h}, opts...)
	list, err := parseStanzas(stanza)
	if err != nil || len(list) != 1 || !list[0].node.isRequest() {
		t.Fatalf("ask: %q is not one request: %v", stanza, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), newSetting(opts).timeout)
	defer cancel()
	if err := srv.Send(stanza); err != nil {
		t.Fatalf("ask: %v", err)
	}
	x, err := srv.next(ctx, func(n *node) bool { return n.isReply() && n.get("id") == list[0].node.get("id") })
	if err != nil {
		t.Fatalf("ask: no answer to %s", stanza)
	}
	return x.raw
}

package component_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

type payloadFunc = component.PayloadFunc

// explode is a payload that panics once it has written half of itself.
func explode(e *component.Encoder) {
	e.Start(nsTest, "half")
	panic("payload on fire")
}

// TestOutcomes holds what handlers return to "What is promised of every request"
// (checklist 28 to 30, H01, H02, H06 to H08), where the stream is read and off it.
func TestOutcomes(t *testing.T) {
	var nilError *component.Error
	for label, tc := range map[string]struct {
		h             component.HandlerFunc
		cond, errType string // empty: a result
		want          string // in the raw reply
	}{
		"H06 nil":           {h: result, want: "/>"},
		"payload":           {h: give(component.Text(nsTest, "x", "<&>"), nil), want: "<x xmlns='urn:example:test'>&lt;&amp;&gt;</x>"},
		"stanza error":      {h: fail(component.Errorf(stanza.ItemNotFound, "no %s", "such")), cond: "item-not-found", errType: "cancel", want: ">no such</text>"},
		"wrapped":           {h: fail(fmt.Errorf("look: %w", component.Errorf(stanza.Forbidden, ""))), cond: "forbidden", errType: "auth"},
		"own type":          {h: fail(&component.Error{Condition: stanza.Gone, Type: stanza.Modify}), cond: "gone", errType: "modify"},
		"H08 odd condition": {h: fail(&component.Error{Condition: "on-fire", Type: "odd"}), cond: "undefined-condition", errType: "cancel"},
		"application":       {h: fail(&component.Error{Condition: stanza.Conflict, App: component.Text(nsTest, "app", "")}), cond: "conflict", errType: "cancel", want: "<app xmlns='urn:example:test'/>"},
		"language":          {h: fail(&component.Error{Condition: stanza.Conflict, Text: "nein", Lang: "de"}), cond: "conflict", errType: "cancel", want: "xml:lang='de'>nein<"},
		"H08 bad text":      {h: fail(&component.Error{Condition: stanza.Conflict, Text: "\x01"}), cond: "conflict", errType: "cancel"},
		"H08 bad app":       {h: fail(&component.Error{Condition: stanza.Conflict, Text: "t", App: component.Text("", "", "")}), cond: "conflict", errType: "cancel", want: ">t</text>"},
		"panicking app":     {h: fail(&component.Error{Condition: stanza.Conflict, App: payloadFunc(explode)}), cond: "internal-server-error", errType: "cancel"},
		"plain error":       {h: fail(errors.New("disk on fire")), cond: "internal-server-error", errType: "cancel"},
		"peer error":        {h: fail(&component.PeerError{Condition: stanza.Forbidden}), cond: "internal-server-error", errType: "cancel"},
		"nil *Error":        {h: fail(nilError), cond: "internal-server-error", errType: "cancel"},
		"unhandled":         {h: fail(component.ErrUnhandled), cond: "feature-not-implemented", errType: "cancel"},
		"H01 panic":         {h: func(context.Context, *component.Request) (component.Payload, error) { panic("on fire") }, cond: "internal-server-error", errType: "cancel"},
		"H01 nil map": {h: func(context.Context, *component.Request) (component.Payload, error) {
			set(nil)
			return nil, nil
		}, cond: "internal-server-error", errType: "cancel"},
		"H01 runtime error": {h: func(_ context.Context, req *component.Request) (component.Payload, error) {
			return nil, fmt.Errorf("%d", []int{}[len(req.ID)])
		}, cond: "internal-server-error", errType: "cancel"},
		"H01 own error": {h: func(context.Context, *component.Request) (component.Payload, error) { panic(errors.New("on fire")) }, cond: "internal-server-error", errType: "cancel"},
		"H01 panic nil": {h: func(context.Context, *component.Request) (component.Payload, error) { panic(nil) }, cond: "internal-server-error", errType: "cancel"},
		"H02 goexit": {h: func(context.Context, *component.Request) (component.Payload, error) {
			runtime.Goexit()
			return nil, nil
		}, cond: "internal-server-error", errType: "cancel"},
		"H01 panic encoding": {h: give(payloadFunc(explode), nil), cond: "internal-server-error", errType: "cancel"},
		"H02 goexit encoding": {h: give(payloadFunc(func(*component.Encoder) { runtime.Goexit() }), nil),
			cond: "internal-server-error", errType: "cancel"},
		"writes nothing": {h: give(payloadFunc(func(*component.Encoder) {}), nil), cond: "internal-server-error", errType: "cancel"},
		"H07 two roots": {h: give(payloadFunc(func(e *component.Encoder) { e.Empty(nsTest, "a"); e.Empty(nsTest, "b") }), nil),
			cond: "internal-server-error", errType: "cancel"},
		"H07 unbalanced":                   {h: give(payloadFunc(func(e *component.Encoder) { e.Start(nsTest, "a") }), nil), cond: "internal-server-error", errType: "cancel"},
		"H07 bad name":                     {h: give(component.Text(nsTest, "a b", ""), nil), cond: "internal-server-error", errType: "cancel"},
		"matrix-bifrost#240 bad character": {h: give(component.Text(nsTest, "a", "\x01"), nil), cond: "internal-server-error", errType: "cancel"},
		"H07 half UTF-8":                   {h: give(component.Text(nsTest, "a", "\xc3"), nil), cond: "internal-server-error", errType: "cancel"},
		"H07 too large":                    {h: give(component.Text(nsTest, "a", strings.Repeat("'", 500_000)), nil), cond: "internal-server-error", errType: "cancel"},
		"H07 too deep":                     {h: give(nested(200), nil), cond: "internal-server-error", errType: "cancel"},
		"as deep as may be":                {h: give(nested(127), nil)},
	} {
		t.Run(label, func(t *testing.T) {
			bothWays(t, func(t *testing.T, quick bool) {
				r := serve(t, quick, tc.h)
				for range 3 {
					got := r.ask(juliet)
					if tc.cond == "" {
						tc.cond = "result"
					}
					if got.wants(t, tc.cond); got.errTyp != tc.errType || !strings.Contains(got.raw, tc.want) {
						t.Errorf("got %s, want type %q and %q in it", got.raw, tc.errType, tc.want)
					}
					if got.from != domain || got.to != juliet {
						t.Errorf("addresses are not swapped: %s", got.raw)
					}
				}
				r.alive()
			})
		})
	}
}

func give(p component.Payload, err error) component.HandlerFunc {
	return func(context.Context, *component.Request) (component.Payload, error) { return p, err }
}

func fail(err error) component.HandlerFunc { return give(nil, err) }

func nested(depth int) component.Payload {
	return payloadFunc(func(e *component.Encoder) {
		for range depth {
			e.Start(nsTest, "n")
		}
		for range depth {
			e.End()
		}
	})
}

// What only the log may know stays out of the reply, and comes with its stack.
func TestFailureIsLogged(t *testing.T) {
	bothWays(t, func(t *testing.T, quick bool) {
		var book logbook
		cfg := quiet(muxOf(t, component.Extension{Name: "bad", Routes: []component.Route{{Name: name("q"), Quick: quick,
			Get: component.HandlerFunc(func(context.Context, *component.Request) (component.Payload, error) { panic("secret of mine") })}}}))
		cfg.Log = book.logger()
		r := begin(t, cfg)
		if got := r.ask(juliet); strings.Contains(got.raw, "secret") {
			t.Errorf("the reply tells %s", got.raw)
		}
		for _, want := range []string{"secret of mine", "outcome_test.go", "handler=bad"} {
			if !book.has(want) {
				t.Errorf("%q is not in the log:\n%s", want, book.String())
			}
		}
		if n := r.comp.Stats().Panics; n != 1 {
			t.Errorf("Panics = %d, want 1", n)
		}
	})
}

// set writes to a map, which panics when that is nil.
func set(m map[string]int) { m["x"]++ }

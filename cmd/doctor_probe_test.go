package iqdcmd_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
	"github.com/iqd-xmpp/iqd/component"
	"mellium.im/xmpp/stanza"
)

// An answer of any kind is an answer: only what nobody answers has vanished.
func TestDoctorCountsAnswers(t *testing.T) {
	t.Parallel()
	file := configFile(t, "127.0.0.1:5347")
	full := &component.PeerError{Condition: stanza.ResourceConstraint}
	gone := &component.PeerError{Condition: stanza.ServiceUnavailable}
	for name, tc := range map[string]struct {
		err  error
		n    int // of twelve
		want string
	}{
		"all arrive":  {nil, 0, "✓ route"},
		"no room":     {full, 7, "! route          what is sent to iq.example.net arrives, but 7 of 12 requests were answered with"},
		"all no room": {full, 12, "per_sender and in_flight"},
		"sent back":   {gone, 3, "✗ route          3 of 12 requests from and to iq.example.net were sent back"},
		"nobody's":    {errors.New("no reply in time"), 5, "✗ route          5 of 12 requests from and to iq.example.net vanished"},
		"another iqd": {&component.PeerError{Condition: stanza.FeatureNotImplemented}, 1, "arrives at another program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			errs := append(slices.Repeat([]error{tc.err}, tc.n), make([]error, 12-tc.n)...)
			if err := iqdcmd.Route(&out, file, errs...); err != nil {
				t.Fatal(err)
			}
			contains(t, out.String(), tc.want)
		})
	}
}

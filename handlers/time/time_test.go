package xtime_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	xtime "github.com/iqd-xmpp/iqd/handlers/time"
)

const query = "<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'><time xmlns='urn:xmpp:time'/></iq>"

// at returns the handler for a zone, as it is at an instant.
func at(t testing.TB, zone, instant string) *component.Mux {
	t.Helper()
	now, err := time.Parse(time.RFC3339Nano, instant)
	if err != nil {
		t.Fatal(err)
	}
	ext, err := xtime.NewWith(xtime.Config{Timezone: zone}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return componenttest.Extension(ext)
}

func TestConversations(t *testing.T) {
	componenttest.Run(t, at(t, "Europe/Berlin", "2026-07-28T23:04:05+02:00"), "testdata/*.iq")
}

// Checklist 58: right off UTC and on both sides of a change of daylight saving time.
func TestZones(t *testing.T) {
	for name, tc := range map[string]struct{ zone, now, tzo, utc string }{
		"UTC":               {"UTC", "2026-07-28T21:04:05Z", "+00:00", "2026-07-28T21:04:05Z"},
		"Kathmandu":         {"Asia/Kathmandu", "2026-07-28T21:04:05Z", "+05:45", "2026-07-28T21:04:05Z"},
		"St. John's winter": {"America/St_Johns", "2026-01-28T21:04:05Z", "-03:30", "2026-01-28T21:04:05Z"},
		"St. John's summer": {"America/St_Johns", "2026-07-28T21:04:05Z", "-02:30", "2026-07-28T21:04:05Z"},
		"Kiritimati":        {"Pacific/Kiritimati", "2026-07-28T21:04:05Z", "+14:00", "2026-07-28T21:04:05Z"},
		"before spring":     {"Europe/Berlin", "2026-03-29T00:59:59Z", "+01:00", "2026-03-29T00:59:59Z"},
		"after spring":      {"Europe/Berlin", "2026-03-29T01:00:00Z", "+02:00", "2026-03-29T01:00:00Z"},
		"before autumn":     {"Europe/Berlin", "2026-10-25T00:59:59Z", "+02:00", "2026-10-25T00:59:59Z"},
		"after autumn":      {"Europe/Berlin", "2026-10-25T01:00:00Z", "+01:00", "2026-10-25T01:00:00Z"},
		"south of it":       {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", "+11:00", "2026-01-01T00:00:00Z"},
		"another day":       {"America/St_Johns", "2026-01-01T00:15:00+05:45", "-03:30", "2025-12-31T18:30:00Z"},
		"parts of a second": {"UTC", "2026-07-28T21:04:05.999Z", "+00:00", "2026-07-28T21:04:05Z"},
		"early in a year":   {"UTC", "2026-01-02T03:04:05Z", "+00:00", "2026-01-02T03:04:05Z"},
	} {
		t.Run(name, func(t *testing.T) {
			want := "<time xmlns='urn:xmpp:time'><tzo>" + tc.tzo + "</tzo><utc>" + tc.utc + "</utc></time>"
			if got := componenttest.Ask(t, at(t, tc.zone, tc.now), query); !strings.Contains(got, want) {
				t.Errorf("answer = %s, want %s in it", got, want)
			}
		})
	}
}

// Without a zone it is that of the machine, and the clock is right.
func TestClockOfTheMachine(t *testing.T) {
	ext, err := xtime.New(xtime.DefaultConfig(), component.Env{})
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now().UTC().Truncate(time.Second)
	raw := componenttest.Ask(t, componenttest.Extension(ext), query)
	to := time.Now().UTC()
	_, rest, _ := strings.Cut(raw, "<utc>")
	utc, _, _ := strings.Cut(rest, "</utc>")
	got, err := time.Parse(time.RFC3339, utc)
	if err != nil || got.Before(from) || got.After(to) {
		t.Errorf("utc = %q (%v), want between %s and %s", utc, err, from, to)
	}
	if want := "<tzo>" + to.Local().Format("-07:00") + "</tzo>"; !strings.Contains(raw, want) {
		t.Errorf("answer = %s, want %s in it", raw, want)
	}
}

func TestUnknownZone(t *testing.T) {
	for _, zone := range []string{"Europe/Bärlin", "CEST+2", "../../etc/passwd"} {
		_, err := xtime.New(xtime.Config{Timezone: zone}, component.Env{})
		if err == nil || !strings.HasPrefix(err.Error(), "timezone: ") {
			t.Errorf("New() with the zone %q: error = %v, want one about timezone", zone, err)
		}
	}
}

package last_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/last"
)

// after returns the handler as it is so much later than it was made.
func after(d time.Duration) component.Extension {
	now := time.Date(2026, 7, 28, 21, 4, 5, 0, time.UTC)
	ext := last.NewWith(func() time.Time { return now })
	now = now.Add(d)
	return ext
}

// Checklist 58. Seconds begun do not count.
func TestConversations(t *testing.T) {
	componenttest.Run(t, componenttest.Extension(after(123*time.Second+999*time.Millisecond)), "testdata/*.iq")
}

func TestUptime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                    "0",
		59 * time.Minute:     "3540",
		400 * 24 * time.Hour: "34560000",
	} {
		if got := ask(t, after(d)); got != want {
			t.Errorf("after %s the uptime is %q seconds, want %q", d, got, want)
		}
	}
}

func TestClockOfTheMachine(t *testing.T) {
	if got := ask(t, last.New()); got != "0" && got != "1" {
		t.Errorf("at once the uptime is %q seconds", got)
	}
}

func ask(t *testing.T, ext component.Extension) string {
	t.Helper()
	raw := componenttest.Ask(t, componenttest.Extension(ext),
		"<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'><query xmlns='jabber:iq:last'/></iq>")
	m := regexp.MustCompile(`seconds='(\d+)'`).FindStringSubmatch(raw)
	if m == nil {
		t.Fatalf("no seconds in %s", raw)
	}
	return m[1]
}

package version_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/component"
	"github.com/iqd-xmpp/iqd/component/componenttest"
	"github.com/iqd-xmpp/iqd/handlers/version"
)

var env = component.Env{Name: "version", Version: "1.2.3"}

func start(t testing.TB, cfg version.Config, env component.Env) *component.Mux {
	t.Helper()
	ext, err := version.New(cfg, env)
	if err != nil {
		t.Fatal(err)
	}
	return componenttest.Extension(ext)
}

// Checklist 58.
func TestConversations(t *testing.T) {
	componenttest.Run(t, start(t, version.DefaultConfig(), env), "testdata/*.iq")
	componenttest.Run(t, start(t, version.Config{Name: "Bits & Pieces", OS: "Debian 12"}, env), "testdata/os/*.iq")
}

// XEP-0092, 2: the version is required.
func TestVersionIsNeverEmpty(t *testing.T) {
	got := componenttest.Ask(t, start(t, version.DefaultConfig(), component.Env{}),
		"<iq type='get' id='1' from='juliet@example.net/balcony' to='iq.example.net'><query xmlns='jabber:iq:version'/></iq>")
	if want := "<version>unknown</version>"; !strings.Contains(got, want) {
		t.Errorf("without a version the answer is %s, want %s in it", got, want)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg version.Config
		err string
	}{
		"no name":         {version.Config{}, "name is empty"},
		"name not for us": {version.Config{Name: "i\x00qd"}, "name: "},
		"os not for us":   {version.Config{Name: "iqd", OS: "Debian\x1b[1m"}, "os: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := version.New(tc.cfg, env)
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("New() error = %v, want %q", err, tc.err)
			}
		})
	}
}

package scaffold_test

import (
	"strings"
	"testing"

	"github.com/iqd-xmpp/iqd/cmd/internal/scaffold"
)

func TestCheckName(t *testing.T) {
	for name, want := range map[string]string{
		"weather": "", "x": "", "base64": "", "string": "",
		"": "lower-case", "Weather": "lower-case", "my-weather": "lower-case", "my_weather": "lower-case",
		"../weather": "lower-case", "6x": "lower-case", "été": "lower-case", "weather\n": "lower-case", "a b": "lower-case",
		"func": "keyword", "type": "keyword",
		"main": "taken", "component": "taken", "internal": "taken", "os": "taken", "testing": "taken", "t": "taken", "nil": "taken",
		"ping": "has a handler",
	} {
		t.Run(name, func(t *testing.T) {
			checkError(t, scaffold.CheckName(name, []string{"disco", "ping"}), want)
		})
	}
}

func TestCheckPath(t *testing.T) {
	for path, want := range map[string]string{
		"example.net/weather": "", "weather": "", "github.com/somebody/Some-Thing_2/v2": "", "example.net/~juliet/x": "",
		"": "such as", "/weather": "such as", "example.net/": "such as", "a//b": "such as", "../x": "such as", "a/./b": "such as",
		"example.net/a b": "such as", "-x": "such as", "example.net/\"x": "such as", "a/b.": "such as", "a\nb": "such as",
		"github.com/iqd-xmpp/iqd": "iqd itself", "github.com/iqd-xmpp/iqd/weather": "iqd itself", "github.com/iqd-xmpp/iqd2": "",
	} {
		t.Run(path, func(t *testing.T) { checkError(t, scaffold.CheckPath(path), want) })
	}
}

// checkError checks that err says want, or that there is none.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q", err, want)
	}
}

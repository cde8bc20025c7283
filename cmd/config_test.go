package iqdcmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	iqdcmd "github.com/iqd-xmpp/iqd/cmd"
)

// head is a [component] section of four lines that has no mistake.
const head = "[component]\njid = 'iq.example.net'\nserver = '127.0.0.1:5347'\nsecret = 'x'\n"

// Checklist 73, faults C02, C03, C05 to C07: what is wrong, and where. The text
// follows head where it does not begin with [component].
func TestConfigMistakes(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		// syntax
		"C02 broken line":       {"[limits\n", `:5:8: expected '.' or ']' to end table name`},
		"C02 value missing":     {"[limits]\nmax_depth =\n", `:6:`},
		"C02 duplicate key":     {"[limits]\nmax_depth = 9\nmax_depth = 9\n", `:7:`},
		"C02 duplicate section": {"[limits]\n[limits]\n", `:6:`},
		"C02 unclosed string":   {"[log]\nlevel = 'info\n", `:6:`},

		// keys
		"C03 unknown section":          {"[handler.ping]\n", `:5:1: unknown key "handler"; did you mean "handlers"?`},
		"C03 unknown key":              {"[handlers.ping]\ntimeot = '1s'\n", `:6:1: unknown key "handlers.ping.timeot"; did you mean "timeout"?`},
		"C03 nothing near":             {"[log]\ncolour = true\n", `:6:1: unknown key "log.colour"`},
		"C03 other case":               {"[log]\nLevel = 'info'\n", `:6:1: unknown key "log.Level"; did you mean "level"?`},
		"C03 in a list of tables":      {"[[handlers.count.names]]\nname='a'\n[[handlers.count.names]]\n  nmae = 'b'\n", `:8:3: unknown key "handlers.count.names.nmae"; did you mean "name"?`},
		"C03 in an inline list":        {"[handlers.count]\nnames = [\n {name = 'a'},\n {nam = 'b'}]\n", `:8:3: unknown key "handlers.count.names.nam"; did you mean "name"?`},
		"C03 in an inline table":       {"log = {levl = 'info'}\n", ""}, // see below
		"C03 dotted":                   {"[handlers]\nping.timeot = '1s'\n", `:6:1: unknown key "handlers.ping.timeot"; did you mean "timeout"?`},
		"C03 quoted":                   {"[\"handlers\".\"ping\"]\n\"time out\" = '1s'\n", `:6:1: unknown key "handlers.ping.\"time out\""; did you mean "timeout"?`},
		"C03 after a long string":      {"[handlers.version]\nname = '''\n[handlers.ping]\nx = 1'''\nnam = 'a'\n", `:9:1: unknown key "handlers.version.nam"; did you mean "name"?`},
		"C03 after an escaped quote":   {"[handlers.version]\nname = \"\\\"#\"\nnam = 'a'\n", `:7:1: unknown key "handlers.version.nam"`},
		"C03 after a quote in a quote": {"[handlers.version]\nname = \"\"\"a\"\"\"\"\nnam = 'a'\n", `:7:1: unknown key "handlers.version.nam"`},
		"C03 no such handler":          {"[handlers.pong]\n", `:5:1: unknown handler "pong"; did you mean "ping"?`},
		"C03 nothing like a handler":   {"[handlers.weather_forecast]\n", `unknown handler "weather_forecast"; there are count, disco,`},
		"C03 no such kind":             {"[handlers.mine]\nkind = 'pong'\n", `:6:1: unknown handler "pong"; did you mean "ping"?`},

		// types
		"C02 text for a number":     {"[limits]\nmax_depth = 'x'\n", ":6:1: limits.max_depth: is a string, not an integer"},
		"C02 number for a text":     {"[log]\nlevel = 5\n", ":6:1: log.level: is an integer, not a string"},
		"C02 text for a list":       {"[admin]\njids = 'a@example.net'\n", ":6:1: admin.jids: is a string, not a list"},
		"C02 number in a list":      {"[admin]\njids = [\n'a@example.net',\n5]\n", ":8:1: admin.jids: is an integer, not a string"},
		"C02 text for a boolean":    {"[component.tls]\nenabled = 'yes'\n", ":6:1: component.tls.enabled: is a string, not a boolean"},
		"C02 number for a section":  {"log = 5\n", ""}, // see below
		"C02 list for a section":    {"[[log]]\n", ":5:1: log: is a list, not a table"},
		"C02 handler is no section": {"[handlers]\nping = true\n", ":6:1: handlers.ping: is a boolean, not a table"},
		"C02 text for a fraction":   {"[handlers.count]\nratio = 'x'\n", ":6:1: handlers.count.ratio: is a string, not a number"},
		"C02 date for a text":       {"[log]\nlevel = 2026-01-01\n", ":6:1: log.level: is a date, not a string"},
		"C02 too big for its type":  {"[handlers.count]\nsmall = 256\n", ":6:1: handlers.count.small: 256 is out of range"},
		"C02 below zero":            {"[handlers.count]\nsmall = -1\n", ":6:1: handlers.count.small: -1 is out of range"},

		// delegation
		"delegated without discovery": {"[handlers.ping]\ndelegated = true\n", ":6:1: handlers.ping.delegated: needs [handlers.disco]"},
		"delegated discovery":         {"[handlers.d]\nkind = 'disco'\ndelegated = true\n", ":7:1: handlers.d.delegated: a server answers"},

		// durations: the TOML package takes a bare number for nanoseconds
		"C06 bare duration":            {"[limits]\nhandler_timeout = 5\n", `:6:1: limits.handler_timeout: is an integer; a duration is written in quotes with its unit, such as "5s"`},
		"C06 bare duration of handler": {"[handlers.count]\nevery = 5\n", `:6:1: handlers.count.every: is an integer; a duration`},
		"C06 bare timeout":             {"[handlers.ping]\ntimeout = 5\n", `:6:1: handlers.ping.timeout: is an integer; a duration`},
		"C06 no unit":                  {"[limits]\nhandler_timeout = '5'\n", `:6:1: limits.handler_timeout: "5" is no duration`},

		// [component]
		"no jid":                  {"[component]\nserver = '127.0.0.1:5347'\nsecret = 'x'\n", ":1:1: component.jid is missing"},
		"no component":            {"[log]\nlevel = 'info'\n", ":1:1: component.jid is missing"},
		"no server":               {"[component]\njid = 'iq.example.net'\nsecret = 'x'\n", ":1:1: component.server is missing"},
		"C04 no secret":           {"[component]\njid = 'iq.example.net'\nserver = '127.0.0.1:5347'\n", ":1:1: component.secret is missing"},
		"C05 jid with local part": {strings.Replace(head, "iq.ex", "a@iq.ex", 1), `:2:1: component.jid: "a@iq.example.net" is no domain`},
		"C05 jid in upper case":   {strings.Replace(head, "iq.ex", "IQ.ex", 1), `:2:1: component.jid: "IQ.example.net" has to be written "iq.example.net"`},
		"C05 jid with resource":   {strings.Replace(head, "net'", "net/a'", 1), `:2:1: component.jid: "iq.example.net/a" is no domain`},
		"C05 jid with a dot":      {strings.Replace(head, "net'", "net.'", 1), `:2:1: component.jid: "iq.example.net." has to be written "iq.example.net"`},
		"C05 jid with two dots":   {strings.Replace(head, "iq.", "iq..", 1), `:2:1: component.jid: "iq..example.net" is no domain`},
		"C05 jid of dots":         {strings.Replace(head, "iq.example.net", "..", 1), `:2:1: component.jid: ".." is no domain`},
		"C05 jid with a space":    {strings.Replace(head, "iq.", "i q.", 1), `:2:1: component.jid: "i q.example.net" is no domain`},
		"C05 jid in Punycode":     {strings.Replace(head, "iq.", "xn--bcher-kva.", 1), `:2:1: component.jid: "xn--bcher-kva.example.net" has to be written "bücher.example.net"`},
		"C05 jid in upper IDN":    {strings.Replace(head, "iq.", "BÜCHER.", 1), `:2:1: component.jid: "BÜCHER.example.net" has to be written "bücher.example.net"`},
		"C05 jid is long":         {strings.Replace(head, "iq.", strings.Repeat("i", 64)+".", 1), `.example.net" is no domain`},
		"C05 jid is empty":        {strings.Replace(head, "iq.example.net", "", 1), "component.jid is missing"},
		"N41 server without port": {strings.Replace(head, ":5347", "", 1), `:3:1: component.server: "127.0.0.1" is not host:port`},
		"N41 port out of range":   {strings.Replace(head, ":5347", ":65536", 1), `:3:1: component.server: "65536" is no port`},
		"N41 port zero":           {strings.Replace(head, ":5347", ":0", 1), `:3:1: component.server: "0" is no port`},
		"N41 port is a word":      {strings.Replace(head, ":5347", ":xmpp", 1), `:3:1: component.server: "xmpp" is no port`},
		"no host":                 {strings.Replace(head, "127.0.0.1", "", 1), `:3:1: component.server: ":5347" names no host`},
		"N41 socket without path": {strings.Replace(head, "127.0.0.1:5347", "unix:", 1), `:3:1: component.server: unix: without a path`},
		"C04 secret is empty":     {strings.Replace(head, "'x'", "''", 1), ":4:1: component.secret: is empty"},
		"C04 secret of two lines": {strings.Replace(head, "'x'", `"a\nb"`, 1), ":4:1: component.secret: holds more than a line of text"},
		"C04 secret with a CR":    {strings.Replace(head, "'x'", `"a\rb"`, 1), ":4:1: component.secret: holds more than a line of text"},
		"C04 secret with a NUL":   {strings.Replace(head, "'x'", `"a\u0000b"`, 1), ":4:1: component.secret: holds more than a line of text"},
		"C04 secret is a book":    {strings.Replace(head, "'x'", "'"+strings.Repeat("x", 5000)+"'", 1), ":4:1: component.secret: holds more than a line of text"},
		"C04 two secrets":         {head + "secret_file = 'x'\n", ":5:1: component.secret_file: there is a secret already"},
		"C04 secret file missing": {strings.Replace(head, "secret = 'x'", "secret_file = '/nonexistent'", 1), ":4:1: component.secret_file: read secret: open /nonexistent"},
		"host with local part":    {head + "hosts = [\n'example.net',\n'a@example.net']\n", `:7:1: component.hosts: "a@example.net" is no domain`},
		"unhandled":               {head + "unhandled = 'gone'\n", ":5:1: component.unhandled: \"gone\": feature-not-implemented or service-unavailable"},
		"unhandled is empty":      {head + "unhandled = ''\n", ":5:1: component.unhandled: is empty"},
		"conflict":                {head + "conflict = 'fight'\n", `:5:1: component.conflict: "fight": wait, exit or drain`},
		"liveness":                {head + "liveness = 'sometimes'\n", `:5:1: component.liveness: "sometimes" is neither a duration`},
		"liveness too short":      {head + "liveness = '1ms'\n", `:5:1: component.liveness: 1ms: between 1s and 1h0m0s`},

		// [component.tls]
		"tls neither on nor off": {"[component.tls]\nserver_name = 'x'\n", ":5:1: component.tls: says neither enabled = true nor enabled = false"},
		"certificate alone":      {"[component.tls]\nenabled = true\ncert_file = 'x'\n", ":5:1: component.tls: cert_file and key_file go together"},
		"no such ca":             {"[component.tls]\nenabled = true\nca_file = '/nonexistent'\n", ":5:1: component.tls: read ca_file: open /nonexistent"},
		"tls over a socket":      {strings.Replace(head, "127.0.0.1:5347", "unix:/run/x", 1) + "[component.tls]\nenabled = true\n", ":5:1: component.tls: server_name is missing"},

		// [limits]
		"C06 limit is zero":      {"[limits]\nmax_depth = 0\n", ":6:1: limits.max_depth: has to be above zero"},
		"C06 limit below zero":   {"[limits]\nin_flight = -1\n", ":6:1: limits.in_flight: has to be above zero"},
		"C06 limit too small":    {"[limits]\nmax_stanza_bytes = 9999\n", ":6:1: limits.max_stanza_bytes: 9999: at least 10000"},
		"C06 limit is huge":      {"[limits]\nmax_stanza_bytes = 9000000000\n", ":6:1: limits.max_stanza_bytes: 9000000000: at most 1073741824"},
		"C06 depth is huge":      {"[limits]\nmax_depth = 100000\n", ":6:1: limits.max_depth: 100000: at most 10000"},
		"C06 duration is zero":   {"[limits]\ndrain_timeout = '0s'\n", ":6:1: limits.drain_timeout: has to be above zero"},
		"C06 duration is huge":   {"[limits]\ndrain_timeout = '10000h'\n", ":6:1: limits.drain_timeout: 10000h0m0s: at most 1h0m0s"},
		"C06 stanza over buffer": {"[limits]\nmax_buffered_bytes = 2097152\n", ":6:1: limits.max_buffered_bytes: 2097152: less than one stanza and one reply"},

		// [log] and [admin]
		"log level":      {"[log]\nlevel = 'loud'\n", `:6:1: log.level: "loud": one of debug, info, warn, error`},
		"log format":     {"[log]\nformat = 'xml'\n", `:6:1: log.format: "xml": one of auto, text, json, tint`},
		"admin address":  {"[admin]\nlisten = '9347'\n", `:6:1: admin.listen: "9347" is not host:port`},
		"admin for all":  {"[admin]\nlisten = '0.0.0.0:9347'\n", `:6:1: admin.listen: "0.0.0.0:9347" is reached from outside: token_file is missing`},
		"token missing":  {"[admin]\nlisten = '0.0.0.0:9347'\ntoken_file = '/nonexistent'\n", ":7:1: admin.token_file: read secret: open /nonexistent"},
		"admin is full":  {"[admin]\njids = ['a@example.net/x']\n", `:6:9: admin.jids: "a@example.net/x" is no bare JID`},
		"admin is a pun": {"[admin]\njids = ['example.net']\n", `:6:9: admin.jids: "example.net" is no bare JID`},

		// what every handler has
		"C06 timeout is zero": {"[handlers.ping]\ntimeout = '0s'\n", ":6:1: handlers.ping.timeout: 0s: above zero"},
		"C06 timeout is huge": {"[handlers.ping]\ntimeout = '2h'\n", ":6:1: handlers.ping.timeout: 2h0m0s: above zero, and at most 1h"},
		"max_in_flight":       {"[handlers.ping]\nmax_in_flight = 0\n", ":6:1: handlers.ping.max_in_flight: 0: from 1 to"},
		"access pattern":      {"[handlers.ping]\nallow = ['*@example.net', 'a@*']\n", `:6:27: handlers.ping.allow: "a@*" is no JID`},
		"access word":         {"[handlers.ping]\nallow = [\n 'local',\n 'everybody']\n", `:8:2: handlers.ping.allow: "everybody" is none of local, admins, any, a bare JID or an @domain`},
		"access of a full":    {"[handlers.ping]\ndeny = ['a@example.net/x']\n", `:6:9: handlers.ping.deny: "a@example.net/x" is no bare JID`},
		"access of no domain": {"[handlers.ping]\ndeny = ['@']\n", `:6:9: handlers.ping.deny: "@" is no @domain`},

		// what handlers themselves refuse
		"handler names its key":   {"[handlers.count]\nsmall = 1\nstart = -1\n", ":7:1: [handlers.count] start = -1: below zero"},
		"C07 two for a namespace": {"[handlers.ping]\n[handlers.pong]\nkind = 'ping'\n", `:6:1: [handlers.pong] extensions "ping" and "pong" both answer urn:xmpp:ping ping`},
	} {
		t.Run(name, func(t *testing.T) {
			text := tc.text
			switch {
			case name == "no component":
			case name == "C03 in an inline table":
				text, tc.want = tc.text+head, `:1:8: unknown key "log.levl"; did you mean "level"?`
			case name == "C02 number for a section":
				text, tc.want = tc.text+head, ":1:1: log: is an integer, not a table"
			case !strings.HasPrefix(text, "[component]"):
				text = head + text
			}
			checkRefused(t, text, tc.want)
		})
	}
}

// checkRefused checks that iqd check refuses a file, names the place, and never
// shows the secret.
func checkRefused(t *testing.T, text, want string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "iqd.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, nil, "check", "-c", name)
	if code != 2 {
		t.Errorf("exit code %d, want 2; output: %s", code, out)
	}
	if !strings.Contains(errs, "iqd: "+name+want) && !strings.Contains(errs, want) {
		t.Errorf("error is\n%swant\n%s", errs, want)
	}
	for line := range strings.Lines(errs) {
		if !strings.HasPrefix(line, "iqd: "+name+":") {
			t.Errorf("line names no place: %q", line)
		}
	}
}

// Faults C01 and C09.
func TestConfigFiles(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"C09 CRLF":       {strings.ReplaceAll(head, "\n", "\r\n"), ""},
		"C05 IDN":        {strings.Replace(head, "iq.", "bücher.", 1), ""},
		"N41 IPv6":       {strings.Replace(head, "127.0.0.1", "[::1]", 1), ""},
		"N41 socket":     {strings.Replace(head, "127.0.0.1:5347", "unix:/run/x", 1), ""},
		"C09 BOM":        {"\ufeff" + head, ""},
		"C09 tabs":       {strings.ReplaceAll(head, " = ", "\t=\t"), ""},
		"no line at end": {strings.TrimSuffix(head, "\n"), ""},
		"C01 empty":      {" \n\t\r\n", "the file is empty"},
		"C01 binary":     {"\x7fELF\x02\x01\x00\x00", "not a text file in UTF-8"},
		"C01 latin 1":    {head + "# caf\xe9\n", "not a text file in UTF-8"},
		"C01 10 MB":      {head + strings.Repeat("# comment\n", 1<<20), "larger than 1048576 bytes"},
		"BOM and typo":   {"\ufeff" + head + "hots = []\r\n", `:5:1: unknown key "component.hots"; did you mean "hosts"?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := iqdcmd.Parse("iqd.toml", []byte(tc.text))
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("Parse() error = %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n")):
				t.Errorf("Parse() error = %v, want one line with %q", err, tc.want)
			}
		})
	}
}

func TestC01ConfigUnreadable(t *testing.T) {
	dir := t.TempDir()
	if _, err := iqdcmd.Load(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Load() of a missing file: %v", err)
	}
	if _, err := iqdcmd.Load(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("Load() of a folder: %v", err)
	}
}

// All mistakes come at once and in their order.
func TestConfigTellsAllMistakes(t *testing.T) {
	checkRefused(t, head+"[log]\nlevel = 'x'\n[limits]\nmax_depth = -1\n", "log.level")
	_, err := iqdcmd.Parse("f", []byte(head+"[log]\nlevel = 'x'\n[limits]\nmax_depth = -1\n"))
	if err == nil || !regexp.MustCompile(`(?s)^f:6:1: log\.level.*\nf:8:1: limits\.max_depth`).MatchString(err.Error()) {
		t.Errorf("Parse() error = %v", err)
	}
}

// FuzzParse: no text makes Parse panic, and every line of an error names the file.
func FuzzParse(f *testing.F) {
	f.Add(head)
	f.Add("a.b.'c d' = [1, {x = \"\\\"\"}, '''\n''']\n[[q]]\n[q.r]\ns = 1979-05-27 07:32:00\n")
	f.Add("[handlers.\"x\"]\r\nt=1#c\r\n[[handlers.y.z]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := iqdcmd.Parse("file", []byte(text))
		if err == nil {
			return
		}
		if !strings.HasPrefix(err.Error(), "file:") {
			t.Errorf("%q: error without a place: %v", text, err)
		}
	})
}

// A file of another program has a mistake in each line: nobody reads all of them.
func TestConfigTellsTheFirstMistakes(t *testing.T) {
	var text strings.Builder
	text.WriteString(head)
	for i := range 1000 {
		fmt.Fprintf(&text, "key%d = 1\n", i)
	}
	for i := range 25 {
		fmt.Fprintf(&text, "[handlers.count%d]\nkind = 'count'\nx = 1\ny = 1\n", i)
	}
	for name, tc := range map[string]struct{ text, first, last string }{
		"keys":     {text.String(), `f:5:1: unknown key "component.key0"`, "f: and 980 more mistakes"},
		"sections": {strings.ReplaceAll(text.String(), "key", "#"), `f:1007:1: unknown key "handlers.count0.x"`, "f: and 30 more mistakes"},
	} {
		t.Run(name, func(t *testing.T) {
			name := put(t, t.TempDir(), "iqd.toml", tc.text, 0o600)
			_, _, errs := command(t, nil, "check", "-c", name)
			errs = strings.ReplaceAll(errs, name, "f")
			if n := strings.Count(errs, "\n"); n != 21 || !strings.HasPrefix(errs, "iqd: "+tc.first) || !strings.HasSuffix(errs, "iqd: "+tc.last+"\n") {
				t.Errorf("%d lines, want 20 and how many more there are:\n%s", n, errs)
			}
		})
	}
}

package scaffold

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A goMod is what the templates are filled in with.
type goMod struct {
	Module           // of the handler
	Go               string
	IQD              string   // the path of our module
	Version          string   // of iqd
	Direct, Indirect []string // what else is required, with its version
	Replace          string   // what stands in the place of iqd
	Local            bool     // that is a folder
}

// requirements returns what the module requires, and the checksums of that. With a
// released iqd the go command finds out the rest. With a folder all is said here:
// it then builds without a network wherever iqd itself does.
func (m Module) requirements() (goMod, []byte, error) {
	o := m.Origin
	out := goMod{Module: m, Go: goVersion, IQD: iqd, Version: o.Version, Replace: o.Replace}
	if o.Dir == "" {
		return out, nil, nil
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, "go.mod"))
	if err != nil {
		return goMod{}, nil, err
	}
	sums, err := os.ReadFile(filepath.Join(o.Dir, "go.sum"))
	if err != nil {
		return goMod{}, nil, err
	}
	out.Version, out.Replace, out.Local = "v0.0.0", quoted(o.Dir), true
	for _, r := range required(string(text)) {
		if strings.HasPrefix(r, "mellium.im/xmpp ") {
			out.Direct = append(out.Direct, r)
		} else {
			out.Indirect = append(out.Indirect, r)
		}
	}
	slices.Sort(out.Indirect)
	return out, sums, nil
}

// required returns the modules that a go.mod requires, each with its version.
func required(text string) (list []string) {
	block := ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(line)
		if block != "" {
			words = append([]string{block}, words...)
		}
		switch {
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		case len(words) == 2 && words[1] == ")":
			block = ""
		case len(words) == 3 && words[0] == "require":
			list = append(list, words[1]+" "+words[2])
		}
	}
	return list
}

// quoted returns a path as go.mod takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),[]{}") || strings.Contains(path, "//") {
		return strconv.Quote(path)
	}
	return path
}

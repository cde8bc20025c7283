package scaffold

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// reserved names mean something else where the handler's package is imported, or
// to the go command.
var reserved = []string{
	"component", "componenttest", "handlers", "init", "internal", "iqdcmd", "main", "nil", "os", "reg", "t", "testdata", "testing",
	"vendor",
}

var (
	packageName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	modulePath  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?(/[A-Za-z0-9_~-]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?)*$`)
)

// CheckName returns what is wrong with the name of a handler, which is that of its
// package and of its section too. The kinds are those that there are already.
func CheckName(name string, kinds []string) error {
	switch {
	case !packageName.MatchString(name):
		return fmt.Errorf("name %q: a handler is called as its Go package is: lower-case letters and digits, a letter first", name)
	case token.IsKeyword(name):
		return fmt.Errorf("name %q: it is a keyword of Go", name)
	case slices.Contains(reserved, name):
		return fmt.Errorf("name %q: it is taken in the files that go with a handler", name)
	case slices.Contains(kinds, name):
		return fmt.Errorf("name %q: iqd has a handler of that name", name)
	}
	return nil
}

// CheckPath returns what is wrong with the path of a module.
func CheckPath(path string) error {
	switch {
	case !modulePath.MatchString(path):
		return fmt.Errorf("module %q: it has to be a path such as example.net/weather", path)
	case path == iqd || strings.HasPrefix(path, iqd+"/"):
		return fmt.Errorf("module %q: that is iqd itself", path)
	}
	return nil
}

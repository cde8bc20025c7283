package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// iqd is the path of our own module.
const iqd = "github.com/iqd-xmpp/iqd"

// An Origin is where a module gets iqd from: a version that the go command finds,
// or a folder with the source.
type Origin struct {
	Version string // of iqd
	Replace string // another module and its version in the place of iqd, or empty
	Dir     string // the source in the place of iqd, or empty
}

// errNoSource says that a folder has to be named.
var errNoSource = errors.New("this iqd is no released version, and it does not know where its source is: name that with --source DIR")

// FindOrigin returns where the iqd of a program came from. A build of a checkout
// has no version that anybody could download: then its source is a folder, at or
// above one of those that are near.
func FindOrigin(bi *debug.BuildInfo, near ...string) (Origin, error) {
	o := released(bi)
	if o.Version != "" {
		return o, nil
	}
	for _, dir := range append([]string{o.Dir}, near...) {
		if dir = above(dir); dir != "" {
			return Origin{Dir: dir}, nil
		}
	}
	return Origin{}, errNoSource
}

// Compiled returns the folder that this file was in when it was compiled. With
// -trimpath it is none that there is.
func Compiled() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// released returns the version that the program was built of, if it was one. What
// was built of a checkout has no checksum, whatever it says of its version.
func released(bi *debug.BuildInfo) Origin {
	if bi == nil {
		return Origin{}
	}
	for _, m := range append([]*debug.Module{&bi.Main}, bi.Deps...) {
		switch r := m.Replace; {
		case m.Path != iqd:
		case r == nil && m.Sum != "":
			return Origin{Version: m.Version}
		case r != nil && r.Sum != "":
			return Origin{Version: m.Version, Replace: r.Path + " " + r.Version}
		case r != nil:
			return Origin{Dir: r.Path}
		}
	}
	return Origin{}
}

// above returns the folder of iqd's source that dir is, or is in.
func above(dir string) string {
	if !filepath.IsAbs(dir) {
		return "" // noted by -trimpath, or by a replace that was relative to elsewhere
	}
	for ; ; dir = filepath.Dir(dir) {
		if isSource(dir) == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// FromSource returns the Origin of a folder that somebody has named.
func FromSource(dir string) (Origin, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Origin{}, err
	}
	return Origin{Dir: dir}, isSource(dir)
}

func isSource(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is not the source of iqd: it has no go.mod", dir)
	case err != nil:
		return err
	case !strings.HasPrefix(string(text), "module "+iqd+"\n"):
		return fmt.Errorf("%s is not the source of iqd, but of another module", dir)
	}
	return nil
}

package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultPath is where children find programs unless env or pass_env says
// otherwise.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

// A program is what children run.
type program struct {
	path    string // absolute
	args    []string
	dir     string
	makeDir bool // dir is the state directory, which may not be there yet
	env     []string
}

// program finds the program, so that one that is missing is a mistake in the
// configuration and not a surprise at the first request.
func (c Config) program(stateDir string) (*program, error) {
	p := &program{args: c.Command, dir: stateDir, makeDir: true, env: c.environment()}
	if c.Dir != "" {
		p.dir, p.makeDir = c.Dir, false
		if !filepath.IsAbs(p.dir) {
			p.dir = filepath.Join(stateDir, p.dir)
		}
		if fi, err := os.Stat(p.dir); err != nil {
			return nil, fmt.Errorf("dir: %w", err)
		} else if !fi.IsDir() {
			return nil, fmt.Errorf("dir: %s is no directory", p.dir)
		}
	}
	var err error
	if p.dir, err = filepath.Abs(p.dir); err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	if p.path, err = p.find(c.Command[0]); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return p, nil
}

// environment returns the variables of a child: what the section names, and a PATH.
func (c Config) environment() []string {
	vars := map[string]string{"PATH": defaultPath}
	for _, name := range c.PassEnv {
		if v, ok := os.LookupEnv(name); ok {
			vars[name] = v
		}
	}
	maps.Copy(vars, c.Env)
	var env []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env = append(env, name+"="+vars[name])
	}
	return env
}

// find returns the absolute path of a program: one without a slash is looked for
// in the child's own PATH, one that is not absolute begins where the child does.
func (p *program) find(name string) (string, error) {
	if strings.ContainsRune(name, '/') {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.dir, name)
		}
		return name, executable(name)
	}
	var path string
	for _, v := range p.env {
		if s, ok := strings.CutPrefix(v, "PATH="); ok {
			path = s
		}
	}
	found := fmt.Errorf("no %q in PATH=%s", name, path)
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // a program that anybody puts where we stand is not ours
		}
		file := filepath.Join(dir, name)
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			found = err
		}
	}
	return "", found
}

// executable reports what keeps us from running a file.
func executable(file string) error {
	fi, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return fmt.Errorf("%s is no file", file)
	case unix.Access(file, unix.X_OK) != nil:
		return fmt.Errorf("%s is not executable (mode %04o): chmod +x would make it so", file, fi.Mode().Perm())
	}
	return nil
}

// missing returns an error when an argument looks like a script and is not there:
// its interpreter would say so, again and again.
func (p *program) missing() error {
	suffixes := []string{".py", ".js", ".mjs", ".ts", ".sh", ".rb", ".pl", ".lua", ".php", ".jar"}
	for _, arg := range p.args[1:] {
		if strings.HasPrefix(arg, "-") || !slices.Contains(suffixes, filepath.Ext(arg)) {
			continue
		}
		file := arg
		if !filepath.IsAbs(file) {
			file = filepath.Join(p.dir, arg)
		}
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is not there", file)
		}
	}
	return nil
}

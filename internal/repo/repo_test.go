package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// module is the path of the main module.
const module = "github.com/kinwire/kinwire"

// root is the directory of the main module, as seen from this one.
const root = "../.."

// systems are those that the module must compile for.
var systems = []string{"darwin", "freebsd", "linux", "windows"}

// A file is one file of the tree.
type file struct {
	path string // from the root, with slashes
	mode fs.FileMode
	text []byte
}

// in tells whether the file is in dir, a path from the root, or below it.
func (f file) in(dir string) bool { return strings.HasPrefix(f.path, dir+"/") }

// readTree reads every file of the tree, less what no commit would hold and the finds of
// the fuzzer. Every test here calls it, if only so that a cached result of the test is
// dropped once a file has changed: what a command that the test runs reads is not seen.
func readTree(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if entry.IsDir() && leftOut(rel) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, file{rel, info.Mode().Perm(), text})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// leftOut tells whether the tests pass over a directory.
func leftOut(dir string) bool {
	switch base := path.Base(dir); base {
	case "node_modules", "__pycache__", "dist":
		return true
	case ".ci", ".github", ".":
		return false
	default:
		return dir == "bin" || base[0] == '.' || strings.HasSuffix(dir, ".egg-info") || strings.HasSuffix(dir, "testdata/fuzz")
	}
}

// A pkg is what go list says of a package, as far as the tests ask.
type pkg struct {
	ImportPath string
	Name       string
	Standard   bool
	Imports    []string
	Export     string // the file with the compiled package's types, with -export
	Module     *struct{ Path string }
}

// ours tells whether the package is of the main module.
func (p *pkg) ours() bool { return p.Module != nil && p.Module.Path == module }

// goList runs go list for a system, over the main module's packages and all that they
// import.
func goList(t *testing.T, system string, flags ...string) map[string]*pkg {
	t.Helper()
	args := append([]string{"list", "-deps", "-json=ImportPath,Name,Standard,Imports,Export,Module"}, flags...)
	out := run(t, root, []string{"GOOS=" + system, "CGO_ENABLED=0"}, "go", append(args, "./...")...)
	pkgs := make(map[string]*pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
}

// run runs a command and returns what it printed on its standard output. A command that
// fails ends the test with what it printed on the other one.
func run(t *testing.T, dir string, env []string, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s %s: %v\n%s", strings.Join(env, " "), name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

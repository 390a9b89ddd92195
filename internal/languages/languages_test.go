package languages

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A recorder is a test that tells what became of it first: it goes on when it has failed.
type recorder struct{ said string }

func (r *recorder) Helper() {}

func (r *recorder) say(what string) { r.said = cmp.Or(r.said, what) }

func (r *recorder) Logf(format string, args ...any) { r.say("logged") }

func (r *recorder) Skipf(format string, args ...any) { r.say("skipped") }

func (r *recorder) Fatalf(format string, args ...any) { r.say("failed") }

// tree makes the root of a tree with those files, and goes to a directory below it.
func tree(t *testing.T, files ...string) (root string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "wire/SPEC.md", "a/b/c.go") {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(root, "a", "b"))
	return root
}

func TestFound(t *testing.T) {
	root := tree(t, ".venv/bin/python", ".venv/Scripts/python.exe", "bin/node", "bin/node.exe", "bin/perl", "bin/perl.exe", "node_modules/kinwire/dist/index.js")
	t.Setenv("PATH", filepath.Join(root, "bin"))
	for name, find := range map[string]func(T) string{".venv": Python, "node": Node, "perl": Perl} {
		if got := find(t); !strings.HasPrefix(got, root) || !strings.Contains(got, name) {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// TestMissing holds that what is missing is named, with what brings it, and that it depends on
// the variable whether the test goes on as if it were not there.
func TestMissing(t *testing.T) {
	root := tree(t, "bin/node", "bin/node.exe")
	for _, c := range []struct {
		path string
		find func() (string, error)
		need func(T) string
		want []string
	}{
		{"", FindPython, Python, []string{".venv/bin/python", "`make deps`"}},
		{"", FindNode, Node, []string{"node is not on the PATH", "`make deps`"}},
		{"bin", FindNode, Node, []string{"node_modules/kinwire", "`make deps`"}},
		{"", FindPerl, Perl, []string{"perl is not on the PATH", "the package perl"}},
	} {
		t.Setenv("PATH", filepath.Join(root, c.path))
		_, err := c.find()
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, which does not name %s", err, want)
			}
		}
		for value, want := range map[string]string{"": "skipped", "required": "failed"} {
			t.Setenv(requiredVar, value)
			r := &recorder{}
			if c.need(r); r.said != want {
				t.Errorf("%v, with %s=%s: %s", err, requiredVar, value, r.said)
			}
			r = &recorder{}
			if SkipPart(r, err); r.said != strings.Replace(want, "skipped", "logged", 1) {
				t.Errorf("a part, with %s=%s: %s", requiredVar, value, r.said)
			}
		}
	}
}

func TestNoTree(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, find := range []func() (string, error){FindPython, FindNode, Root} {
		if path, err := find(); err == nil {
			t.Error(path)
		}
	}
}

// TestHere runs what there is: what was found is what the package says it is.
func TestHere(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(*testing.T) []string{
		"python": func(t *testing.T) []string { return []string{Python(t), "-c", "import kinwire, msgpack"} },
		"node": func(t *testing.T) []string {
			return []string{Node(t), "--input-type=module", "--eval", "await import('kinwire')"}
		},
		"perl": func(t *testing.T) []string { return []string{Perl(t), "-e", "1"} },
	} {
		t.Run(name, func(t *testing.T) {
			args := run(t)
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			cmd.Dir = filepath.Join(root, "examples")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%q: %v\n%s", args, err, out)
			}
		})
	}
}

package repo

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Interpreters as tools/deps.sh asks them.
const (
	goodPython = `case "$*" in *--version*) echo Python 3.12.1;; esac`
	oldPython  = `case "$*" in *--version*) echo Python 3.8.2;; *version_info*) exit 1;; esac`
	barePython = `case "$*" in *--version*) echo Python 3.12.1;; *ensurepip*) exit 1;; esac` // as Debian has it
	goodNode   = `case "$*" in *--version*) echo v20.1.0;; esac`
	oldNode    = `case "$*" in *--version*) echo v16.3.0;; *) exit 1;; esac`
)

// TestMissingInterpreters has `make deps` look for what is missing, or too old: it names all of
// it at once, and what brings it.
func TestMissingInterpreters(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script is for a Unix shell")
	}
	readTree(t)
	for _, c := range []struct {
		name     string
		programs map[string]string
		args     []string
		code     int
		says     []string // and nothing, if there is none
	}{
		{"all", map[string]string{"python3": goodPython, "node": goodNode, "npm": ""}, nil, 0, nil},
		{"none", nil, nil, 1, []string{
			"Python 3.9 or newer (there is no python3)", "apt install python3 python3-venv", "dnf install python3", "brew install python",
			"Node 18 or newer (there is no node)", "apt install nodejs npm", "dnf install nodejs npm", "brew install node",
		}},
		{"old", map[string]string{"python3": oldPython, "node": oldNode, "npm": ""}, nil, 1, []string{"is Python 3.8.2)", "is v16.3.0)"}},
		{"parts", map[string]string{"python3": barePython, "node": goodNode}, nil, 1,
			[]string{"venv and ensurepip", "apt install python3-venv", "npm (there is no npm)", "apt install npm"}},
		{"only Python", map[string]string{"python3": goodPython}, []string{"python"}, 0, nil},
		{"another", nil, []string{"ruby"}, 2, []string{"no language is called ruby"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, script := range c.programs {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			for _, tool := range []string{"bash", "dirname", "head"} {
				found, err := exec.LookPath(tool)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(found, filepath.Join(dir, tool)); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(root, "tools", "deps.sh"), "--check"}, c.args...)...)
			cmd.Env = []string{"PATH=" + dir}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("status %d, want %d", code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if len(c.says) == 0 && len(out) > 0 {
				t.Errorf("it says\n%s", out)
			}
		})
	}
}

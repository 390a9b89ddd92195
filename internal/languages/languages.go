// Package languages finds the interpreters of other languages than Go, for tests and
// benchmarks that run programs in them.
//
// They are where `make deps` puts them: Python in the virtual environment .venv at the root of
// the tree, with the package kinwire installed, and the packages of Node in node_modules there.
// Go alone is enough for `go test ./...`: a test whose language is missing is skipped, and says
// what was left out. In `make test`, which sets KINWIRE_LANGUAGES=required, it fails.
package languages

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// requiredVar is the environment variable that makes a missing language an error, if it is
// "required".
const requiredVar = "KINWIRE_LANGUAGES"

// T is the part of a test that is needed here. It is no testing.TB, so that a program that
// measures does not link what tests need.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Python returns the path of a Python interpreter that has the package kinwire and what its
// tests need. Without one it skips or fails the test.
func Python(t T) string {
	t.Helper()
	return need(t, FindPython)
}

// Node returns the path of a Node interpreter; a module in the tree finds the package kinwire.
// Without it, it skips or fails the test.
func Node(t T) string {
	t.Helper()
	return need(t, FindNode)
}

// Perl returns the path of a Perl interpreter, which has no more than it comes with. Without
// one it skips or fails the test.
func Perl(t T) string {
	t.Helper()
	return need(t, FindPerl)
}

// FindPython returns what Python does, or an error that says what is missing and what brings it.
func FindPython() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	python := filepath.Join(root, ".venv", "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(root, ".venv", "Scripts", "python.exe")
	}
	if _, err := os.Stat(python); err != nil {
		return "", errors.New("there is no .venv/bin/python at the root of the tree: `make deps` brings it")
	}
	return python, nil
}

// FindNode returns what Node does, or an error that says what is missing and what brings it.
func FindNode() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return "", errors.New("node is not on the PATH: once it is, `make deps` brings the rest")
	}
	if _, err := os.Stat(filepath.Join(root, "node_modules", "kinwire", "dist", "index.js")); err != nil {
		return "", errors.New("there is no node_modules/kinwire at the root of the tree, or it is not built: `make deps` brings it")
	}
	return node, nil
}

// FindPerl returns what Perl does, or an error that says that it is missing.
func FindPerl() (string, error) {
	perl, err := exec.LookPath("perl")
	if err != nil {
		return "", errors.New("perl is not on the PATH: the package perl brings it, everywhere")
	}
	return perl, nil
}

// Skip skips a test for want of a program, or fails it.
func Skip(t T, why error) {
	t.Helper()
	failIfRequired(t, why)
	t.Skipf("left out: %v", why)
}

// SkipPart logs that a part of a test is left out for want of a program, or fails the test.
func SkipPart(t T, why error) {
	t.Helper()
	failIfRequired(t, why)
	t.Logf("left out: %v", why)
}

func failIfRequired(t T, why error) {
	t.Helper()
	if os.Getenv(requiredVar) == "required" {
		t.Fatalf("%s=required, but %v", requiredVar, why)
	}
}

func need(t T, find func() (string, error)) string {
	t.Helper()
	program, err := find()
	if err != nil {
		Skip(t, err)
	}
	return program
}

// Root returns the root of the tree, in or above the working directory: of a test that is
// where its package is.
func Root() (string, error) {
	from, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := from; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "wire", "SPEC.md")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not in a copy of the tree", from)
		}
	}
}

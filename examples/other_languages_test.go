package examples_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kinwire/kinwire/conformance"
	"github.com/kinwire/kinwire/internal/languages"
	"github.com/kinwire/kinwire/wire"
)

// otherLanguages has the test of an example in another language, by its file.
var otherLanguages = map[string]func(t *testing.T, example, source string){
	"worker.py":  testPythonWorker,
	"worker.mjs": testNodeWorker,
	"worker.pl":  testPerlWorker,
}

// otherLanguage returns the file of an example, and its test, if it is in another language.
func otherLanguage(example string) (source string, test func(t *testing.T, example, source string)) {
	for name, test := range otherLanguages {
		source := path.Join(example, name)
		if _, err := os.Stat(source); err == nil {
			return source, test
		}
	}
	return "", nil
}

func testPythonWorker(t *testing.T, example, source string) {
	wantCommand(t, source, ".venv/bin/python examples/"+source)
	e := echoWorker{example: example, command: []string{languages.Python(t), source}, dump: "most recent call first"}
	wantUsageOf(t, e.command)
	testEchoes(t, e)
	t.Run("check", func(t *testing.T) {
		conformance.Test(t, conformance.Worker{Command: e.command}, conformance.Options{})
	})
}

func testNodeWorker(t *testing.T, example, source string) {
	wantCommand(t, source, "node examples/"+source)
	e := echoWorker{example: example, command: []string{languages.Node(t), source}, dump: "    at "}
	wantUsageOf(t, e.command)
	testEchoes(t, e)
	t.Run("check", func(t *testing.T) {
		conformance.Test(t, conformance.Worker{Command: e.command}, conformance.Options{})
	})
}

// wantCommand looks for the command to try in a worker's source.
func wantCommand(t *testing.T, source, command string) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(source))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "\nimport ")
	if !strings.Contains(head, "bin/kinwire run ") || !strings.Contains(head, command) {
		t.Errorf("%s does not begin with a command to try, with %q", source, command)
	}
}

// wantUsageOf holds a worker to what it does when nobody has started it as one: a line that
// says how.
func wantUsageOf(t *testing.T, command []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	said := errs.String()
	if code := cmd.ProcessState.ExitCode(); code != wire.ExitUsage || out.Len() > 0 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "kinwire run") {
		t.Errorf("%q printed %q, on stderr %q, and exited with %d", command, out.String(), said, code)
	}
}

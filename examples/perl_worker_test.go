package examples_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/conformance"
	"github.com/kinwire/kinwire/internal/languages"
	"github.com/kinwire/kinwire/parent"
)

func testPerlWorker(t *testing.T, example, source string) {
	wantCommand(t, source, "perl examples/"+source)
	command := []string{languages.Perl(t), source}
	wantUsageOf(t, command)
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n >= 150 {
		t.Errorf("it has grown to %d lines, and docs/porting.md promises less than 150", n)
	}
	for name, link := range transports() {
		t.Run(name, func(t *testing.T) {
			for _, part := range []struct {
				name string
				test func(*testing.T, worker)
			}{
				{"echo", testEcho},
				{"echo as a stream", testEchoStream},
				{"sleep", testSleep},
			} {
				t.Run(part.name, func(t *testing.T) {
					part.test(t, start(t, example, parent.Spec{Command: command, Transport: link}))
				})
			}
		})
	}
	t.Run("check", func(t *testing.T) {
		conformance.Test(t, conformance.Worker{Command: command}, conformance.Options{})
	})
}

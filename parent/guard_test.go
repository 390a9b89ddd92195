//go:build unix

package parent

import (
	"errors"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kinwire/kinwire/process"
)

// A host without a guardian says so, once.
func TestUnguarded(t *testing.T) {
	unguarded = func() error { return errors.New("this is no place for guardians") }
	t.Cleanup(func() { unguarded = process.Unguarded })
	core, seen := observer.New(zapcore.DebugLevel)
	spec := program("worker")
	spec.Logger = zap.New(core)
	for range 2 {
		w := start(t, spec)
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	logs := seen.FilterMessageSnippet("no guardian").All()
	if len(logs) != 1 || logs[0].Level != zap.WarnLevel || logs[0].ContextMap()["error"] != "this is no place for guardians" {
		t.Errorf("%v", logs)
	}
}

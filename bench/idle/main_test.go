//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	beWorker()
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), options{workers: 3, starting: 2, span: 100 * time.Millisecond}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 workers, ready", "of a core", "KiB a worker"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %q in:\n%s", want, out.String())
		}
	}
}

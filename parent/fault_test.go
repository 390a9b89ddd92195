//go:build unix

package parent

import (
	"strings"
	"syscall"
	"testing"
)

// wantFault holds what the host has had against a worker that it has brought to its end.
func wantFault(t *testing.T, w *Worker, want Fault) {
	t.Helper()
	if got := w.Fault(); got != want {
		t.Errorf("the fault is %q; want %q", got, want)
	}
	select {
	case <-w.Stopping():
	default:
		t.Error("it is not known that the host has ended it")
	}
}

// TestStartErrorNamesOnce has a program that is not there, and a worker that is called worker.
func TestStartErrorNamesOnce(t *testing.T) {
	_, err := Start(t.Context(), Spec{Name: "worker", Command: []string{"/nosuch"}})
	if err == nil || !strings.HasPrefix(err.Error(), "worker did not start: ") {
		t.Error(err)
	}
}

// TestNoFault has workers that the host has nothing against.
func TestNoFault(t *testing.T) {
	w := start(t, program("worker"))
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	wantFault(t, w, "")

	w = start(t, program("worker"))
	if w.Name() != "worker" {
		t.Errorf("it is called %q", w.Name())
	}
	syscall.Kill(w.PID(), syscall.SIGKILL)
	await(t, "the end", w.Done())
	select {
	case <-w.Stopping():
		t.Error("the host has ended a worker that was dead")
	default:
	}
	if got := w.Fault(); got != "" {
		t.Errorf("one that has died: %q", got)
	}
}

package parent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kinwire/kinwire/transport"
)

// Any number of workers, however they end, leaves nothing behind.

func TestCyclesLeaveNothing(t *testing.T) {
	cycles := 24
	if os.Getenv("KINWIRE_SOAK") != "" {
		cycles = 2000
	}
	names := []string{"worker", "worker", "worker", "words", "last answer"}
	cycle := func(i int) {
		spec := program(names[i%len(names)])
		if i%2 == 0 {
			spec.Transport = links["stdio"]
		}
		if i%len(names) == 4 {
			spec.Transport = nil // it knows no stdio
		}
		w, err := Start(t.Context(), spec)
		if err != nil {
			return
		}
		w.Call(t.Context(), "", i, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if i%len(names) == 1 {
			cancel() // which kills it
		}
		w.Shutdown(ctx)
	}
	for i := range 10 {
		cycle(i)
	}
	fds, goroutines, threads := descriptors(t), runtime.NumGoroutine(), tasks(t)
	for i := range cycles {
		cycle(i)
	}
	eventually(t, "goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "descriptors are closed", func() bool { return descriptors(t) <= fds })
	if now := tasks(t); now > threads+5 {
		t.Errorf("%d threads, %d before", now, threads)
	}
	if left := childrenLeft(t); len(left) > 0 {
		t.Errorf("there are children left: %v", left)
	}
}

// Many workers at a time cost no thread each, and all of them go.
func TestManyWorkers(t *testing.T) {
	overAll(t, func(t *testing.T, link transport.Transport) {
		spec := program("worker")
		spec.Transport = link
		var all []*Worker
		before := tasks(t)
		for range 20 {
			all = append(all, start(t, spec))
		}
		if now := tasks(t); now > before+15 {
			t.Errorf("%d threads with %d workers, %d before", now, len(all), before)
		}
		results := make(chan error, len(all))
		for _, w := range all {
			go func() { results <- w.Shutdown(t.Context()) }()
		}
		for range all {
			if err := await(t, "a shutdown", results); err != nil {
				t.Error(err)
			}
		}
	})
}

// tasks counts the threads of this process.
func tasks(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// childrenLeft lists the children of this process, dead or alive, except the guardian.
func childrenLeft(t testing.TB) (left []string) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatal("this kernel does not list children: ", err)
	}
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for _, pid := range strings.Fields(string(pids)) {
			command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			if !strings.HasPrefix(string(command), "kinwire-guardian\x00") {
				left = append(left, fmt.Sprintf("%s %q", pid, command))
			}
		}
	}
	return left
}

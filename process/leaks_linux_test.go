package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// tasks counts the threads of this process.
func tasks(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestCyclesLeaveNothing(t *testing.T) {
	cycles := 1000
	if testing.Short() {
		cycles = 200
	}
	cycle := func() {
		p := must(Start(context.Background(), Command{Args: []string{"true"}, OnLine: func(Line) {}}))
		await(t, "the end", p.Done())
		if !p.Exit().Success() {
			t.Fatal(p.Exit())
		}
	}
	for range 20 {
		cycle()
	}
	fds, goroutines, threads := openDescriptors(t), runtime.NumGoroutine(), tasks(t)
	for range cycles {
		cycle()
	}
	eventually(t, "goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines })
	if now := openDescriptors(t); now > fds {
		t.Errorf("%d descriptors, %d before", now, fds)
	}
	if now := tasks(t); now > threads+5 {
		t.Errorf("%d threads, %d before", now, threads)
	}
	if left := childrenLeft(t); len(left) > 0 {
		t.Errorf("there are children left: %v", left)
	}
}

// A child costs no thread while it lives.
func TestManyChildrenFewThreads(t *testing.T) {
	before := tasks(t)
	var all []*Process
	for range 60 {
		all = append(all, start(t, Command{Args: []string{"sleep", "1000"}}))
	}
	if now := tasks(t); now > before+20 {
		t.Errorf("%d threads with %d children, %d before", now, len(all), before)
	}
	for _, p := range all {
		p.Kill("enough")
	}
	for _, p := range all {
		if e := end(t, p); !e.KilledByHost() {
			t.Error(e)
		}
	}
}

func TestFewDescriptors(t *testing.T) {
	e := run(t, child(t, "poor"))
	var words []string
	for line := range strings.Lines(string(e.Stdout.Tail)) {
		var spare, leaked int
		var word string
		fmt.Sscan(line, &spare, &word, &leaked)
		if word != "emfile" && word != "started" || leaked != 0 {
			t.Error(line)
		}
		words = append(words, word)
	}
	if len(words) != 20 || words[0] != "emfile" || words[19] != "started" {
		t.Errorf("%v: %v", e, words)
	}
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

package examples_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// testWatch stops a worker for a while, and presses Ctrl-C.
func testWatch(t *testing.T) {
	stdout, stderr, code := run(t, "watch", "go", "version")
	if code != 1 || !strings.Contains(stdout, " is starting") || !strings.Contains(stdout, " is exited exit status 0") || !strings.Contains(stderr, "did not start") {
		t.Errorf("what is no worker: %q, on stderr %q, and %d", stdout, stderr, code)
	}
	kill, err := exec.LookPath("kill")
	if runtime.GOOS == "windows" || err != nil {
		return // nothing there can be stopped
	}
	host := exec.Command(program("watch"), program("echo-worker"))
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(20*time.Second, func() { host.Process.Kill() })
	defer timeout.Stop()
	lines := bufio.NewScanner(out)
	want := func(part string) string {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), part) {
				return lines.Text()
			}
		}
		t.Errorf("no line with %q", part)
		return ""
	}
	var pid int
	for pinged := false; pid == 0 || !pinged; { // events come when they can
		line := want(" ")
		if strings.Contains(line, " is ready") {
			fmt.Sscan(line, &pid)
		}
		pinged = pinged || strings.Contains(line, "within a second: true")
		if line == "" {
			t.Fatalf("the worker (%d) is not ready, or answers no ping", pid)
		}
	}
	signal := func(name string) {
		if err := exec.Command(kill, "-"+name, fmt.Sprint(pid)).Run(); err != nil {
			t.Error(err)
		}
	}
	signal("STOP")
	want("it has not answered 2 pings")
	signal("CONT")
	want("it answers again")
	host.Process.Signal(os.Interrupt)
	want("its memory is ")
	want(" is stopping somebody has pressed Ctrl-C")
	want(" is exited exit status 0 (somebody has pressed Ctrl-C) after ")
	if err := host.Wait(); err != nil {
		t.Error(err)
	}
}

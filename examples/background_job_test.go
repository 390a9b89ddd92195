package examples_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// testBackgroundJob kills the host before its job has ended. The next host is told how it did.
func testBackgroundJob(t *testing.T) {
	wantRun(t, "background-job", nil, "", "usage: background-job", 2)
	if runtime.GOOS == "windows" {
		t.Skip("there are no jobs on this system")
	}
	dir := filepath.Join(t.TempDir(), "jobs")
	wantRun(t, "background-job", []string{dir, "nosuch"}, "", `"nosuch": not found`, 1)
	first, line := startJobHost(t, dir, "sh", "-c", "sleep 0.5; echo done; exit 3")
	id, ok := strings.CutPrefix(line(), "started ")
	if !ok {
		t.Fatal("it was not started")
	}
	first.Process.Kill()
	first.Wait()
	second, line := startJobHost(t, dir)
	if got := line(); !strings.HasPrefix(got, "job "+id+": failed with exit status 3 after ") {
		t.Errorf("%q", got)
	}
	if got := line(); got != "done" {
		t.Errorf("%q", got)
	}
	second.Process.Signal(os.Interrupt)
	if err := second.Wait(); err != nil {
		t.Error(err)
	}
}

// startJobHost starts the example, and returns what reads its next line.
func startJobHost(t *testing.T, args ...string) (cmd *exec.Cmd, line func() string) {
	t.Helper()
	cmd = exec.CommandContext(soon(t), program("background-job"), args...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	return cmd, func() string {
		lines.Scan()
		return lines.Text()
	}
}

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The scripts run the test binary; this is the program as it is built for its users, which
// knows nothing of guardians.
func TestKilledProgram(t *testing.T) {
	kinwire := filepath.Join(t.TempDir(), "kinwire")
	if out, err := exec.Command("go", "build", "-o", kinwire, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, command := range map[string][]string{
		"worker":     {"echo-worker"},
		"wrapper":    {"sh", "-c", "echo-worker; true"},
		"grandchild": {"sh", "-c", "sleep 1000 & (sleep 1000; true) & echo-worker; true"},
	} {
		t.Run(name, func(t *testing.T) {
			mark := fmt.Sprintf("KINWIRE_TEST_KILLED=%s-%d", t.Name(), os.Getpid())
			cmd := exec.Command(kinwire, append([]string{"run", "--"}, command...)...)
			cmd.Env = append(os.Environ(), mark)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			fmt.Fprintln(in, "1")
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "1\n" {
				t.Errorf("%q %v", line, err)
			}
			cmd.Process.Kill()
			killed := time.Now()
			left := awaitNone(mark)
			for range 5 { // this machine may be busy
				if len(left) > 0 {
					left = awaitNone(mark)
				}
			}
			if len(left) > 0 {
				t.Fatal("processes are left: ", strings.Join(left, "; "))
			}
			t.Logf("all were gone %v after their host", time.Since(killed))
		})
	}
}

package deadline

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// hostVar makes the test binary a host that waits.
const hostVar = "KINWIRE_DEADLINE_TEST"

const awaited = 3 * time.Second

func TestMain(m *testing.M) {
	if os.Getenv(hostVar) != "" {
		await()
		return
	}
	os.Exit(m.Run())
}

// await waits for what happens soon after its time is up, by its own time.
func await() {
	event := make(chan struct{})
	time.AfterFunc(awaited, func() { time.AfterFunc(300*time.Millisecond, func() { close(event) }) })
	time.AfterFunc(200*time.Millisecond, func() { fmt.Println("waits") })
	fmt.Println(Await(event, awaited))
}

// A host that was stopped while it waited does not take what it has not seen yet for what has
// not happened: it neither gives up output that it has not read, nor calls a process stuck
// that is gone.
func TestAwaitInAStoppedHost(t *testing.T) {
	host := exec.Command("/proc/self/exe")
	host.Env = append(os.Environ(), hostVar+"=1", "GORACE=atexit_sleep_ms=0")
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer host.Wait()
	defer host.Process.Kill()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	host.Process.Signal(syscall.SIGSTOP)
	for begun := time.Now(); !isStopped(host.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("the host does not stop")
		}
	}
	time.Sleep(awaited + time.Second)
	host.Process.Signal(syscall.SIGCONT)
	if lines.Scan(); lines.Text() != "true" {
		t.Errorf("the event has come: %q", lines.Text())
	}
}

func isStopped(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(state, []byte("T"))
}

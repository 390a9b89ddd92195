package parent

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const awaited = 3 * time.Second

func init() {
	// awaiting waits for what happens soon after its time is up, by its own time.
	programs["awaiting"] = func([]string) {
		event := make(chan struct{})
		time.AfterFunc(awaited, func() { time.AfterFunc(300*time.Millisecond, func() { close(event) }) })
		time.AfterFunc(200*time.Millisecond, func() { fmt.Println("waits") })
		fmt.Println(new(Worker).await(event, awaited))
	}
}

// A host that was stopped while it waited does not take what it has not seen yet for what
// has not happened: it neither gives up output that it has not read, nor calls a process
// stuck that is gone.
func TestAwaitInAStoppedHost(t *testing.T) {
	t.Parallel()
	host := exec.Command("/proc/self/exe")
	host.Env = append(os.Environ(), workerVar+"=awaiting", "GORACE=atexit_sleep_ms=0")
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
	syscall.Kill(host.Process.Pid, syscall.SIGSTOP)
	eventually(t, "the host is stopped", func() bool { return state(host.Process.Pid) == "T" })
	time.Sleep(awaited + time.Second)
	syscall.Kill(host.Process.Pid, syscall.SIGCONT)
	if lines.Scan(); lines.Text() != "true" {
		t.Errorf("the event has come: %q", lines.Text())
	}
}

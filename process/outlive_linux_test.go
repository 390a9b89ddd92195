package process

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	// outlived starts a command that is to outlive it, prints its pid, and waits.
	children["outlived"] = func([]string) {
		p := must(Start(context.Background(), Command{Args: []string{"sleep", "1000"}, HostEnd: OutliveHost}))
		must(Start(context.Background(), Command{Args: []string{"sleep", "1000"}})) // for the guardian's sake
		fmt.Println("command", p.PID())
		time.Sleep(time.Hour)
	}
}

// Neither the kernel nor the guardian ends what may outlive the host.
func TestOutlivesTheHost(t *testing.T) {
	host, h := startHeard(t, child(t, "outlived"))
	pid := number(t, h.await(t, Stdout, "command "))
	defer syscall.Kill(pid, syscall.SIGKILL)
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || strings.Contains(string(environ), guardVar) {
		t.Errorf("its environment is %q, %v", environ, err)
	}
	syscall.Kill(host.PID(), syscall.SIGKILL)
	end(t, host)
	time.Sleep(300 * time.Millisecond) // a guardian takes some milliseconds
	if isGone(pid) {
		t.Error("the command died with its host")
	}
}

// An end that the host does see is one like any other.
func TestOutliveHostEnds(t *testing.T) {
	e := run(t, Command{Args: []string{"sh", "-c", "sleep 1000 & exit 3"}, HostEnd: OutliveHost})
	if e.State != Exited || e.Code != 3 {
		t.Error(e)
	}
}

package process

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"
)

func init() {
	// patient runs a command that prints all the time, with a limit for its silence.
	children["patient"] = func([]string) {
		p := must(Start(context.Background(), Command{
			Args:   []string{"sh", "-c", "for i in $(seq 40); do echo $i; sleep 0.1; done"},
			Limits: Limits{Silence: 2 * time.Second},
		}))
		fmt.Println("ready")
		<-p.Done()
		fmt.Println("limit", p.Exit().Limit, "success", p.Exit().Success())
	}
}

// A host that was stopped has heard nothing, which is not the fault of the command.
func TestStoppedHostBreaksNoLimit(t *testing.T) {
	p := startReady(t, "patient")
	p.Signal(syscall.SIGSTOP)
	time.Sleep(2500 * time.Millisecond)
	p.leader.Signal(syscall.SIGCONT)
	if out := string(end(t, p).Stdout.Tail); out != "ready\nlimit none success true\n" {
		t.Errorf("%q", out)
	}
}

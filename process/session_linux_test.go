package process

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

func init() {
	// session-host starts a worker in a session of its own, stops it, prints its pid, and waits.
	children["session-host"] = func([]string) {
		ready := make(chan struct{})
		p := must(Start(context.Background(), Command{
			Args:   os.Args[:1],
			Env:    []string{childVar + "=deaf"},
			Scope:  OwnSession,
			OnLine: func(Line) { close(ready) },
		}))
		<-ready
		p.Signal(syscall.SIGSTOP)
		fmt.Println("worker", p.PID())
		time.Sleep(time.Hour)
	}
}

// A session is its host's as well: what is stopped in it would else stay for ever.
func TestHostOfSessionIsKilled(t *testing.T) {
	host, h := startHeard(t, child(t, "session-host"))
	worker := number(t, h.await(t, Stdout, "worker "))
	eventually(t, "it is stopped", func() bool { return state(worker) == "T" })
	syscall.Kill(host.PID(), syscall.SIGKILL)
	end(t, host)
	eventually(t, "the worker is gone", func() bool { return isGone(worker) })
}

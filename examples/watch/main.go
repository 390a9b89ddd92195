// Watch starts a worker and tells all that happens to it, until Ctrl-C or the worker's own
// end. Stop the worker meanwhile (kill -STOP PID), wake it (kill -CONT PID), or kill it. Try
//
//	bin/watch bin/echo-worker
//	bin/watch bin/agent-worker
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/kinwire/kinwire/parent"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := watch(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func watch(ctx context.Context, command []string) error {
	w, err := parent.Start(ctx, parent.Spec{
		Command: command,
		OnEvent: tell,
		Health:  parent.Health{Interval: 200 * time.Millisecond, Timeout: 20 * time.Second},
		Memory:  parent.Memory{Warn: 500 << 20, Limit: 1 << 30, Interval: time.Second},
	})
	if err != nil {
		return err
	}
	if took, err := w.Ping(ctx); err == nil {
		fmt.Println("it answers a ping within a second:", took < time.Second)
	}
	select {
	case <-ctx.Done():
		fmt.Println("its memory is", w.Memory())
	case <-w.Done():
	}
	// Not with ctx, whose end would kill the worker.
	return w.ShutdownFor(context.WithoutCancel(ctx), "somebody has pressed Ctrl-C")
}

// tell prints an event.
func tell(w *parent.Worker, e parent.Event) {
	switch e := e.(type) {
	case parent.StateChanged:
		fmt.Printf("%d is %v %s\n", w.PID(), e.State, e.Reason)
	case parent.Unhealthy:
		fmt.Printf("it has not answered %d pings\n", e.Misses)
	case parent.Recovered:
		fmt.Println("it answers again")
	default: // SlowPong, Stuck, HighMemory, EventsLost
		fmt.Printf("%T %+v\n", e, e)
	}
}

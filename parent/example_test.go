package parent_test

import (
	"context"
	"fmt"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/parent"
	"github.com/kinwire/kinwire/transport"
)

// A host that wants to know how its worker does. The worker is a goroutine here; with Start
// it would be a process.
func ExampleSpec_onEvent() {
	ours, theirs := transport.Pair()
	go new(child.Worker).Serve(context.Background(), theirs)
	w, err := parent.Attach(context.Background(), ours, parent.Spec{
		OnEvent: func(w *parent.Worker, e parent.Event) {
			switch e := e.(type) {
			case parent.StateChanged:
				if e.State == parent.Exited {
					fmt.Println("it has exited, gracefully:", w.Graceful())
					return
				}
				fmt.Printf("it is %v %q\n", e.State, e.Reason)
			case parent.Unhealthy:
				fmt.Println("it has not answered", e.Misses, "pings")
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := w.Ping(context.Background()); err != nil {
		fmt.Println(err)
	}
	if err := w.ShutdownFor(context.Background(), "the day is over"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// it is starting ""
	// it is ready ""
	// it is stopping "the day is over"
	// it has exited, gracefully: true
}

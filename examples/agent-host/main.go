// Agent-host has a worker do a task, offers it tools, and prints its steps. Ctrl-C cancels
// the task, also while a tool is in use, and shuts the worker down; a second one ends the
// host at once. Try
//
//	bin/agent-host 'add 2 3; add $1 10; upper done; now' bin/agent-worker
//	bin/agent-host 'wait 60s' bin/agent-worker
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/parent"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: agent-host TASK COMMAND...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C is not caught
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

type step struct {
	Step   int    `json:"step"`
	Kind   string `json:"kind"`
	Text   string `json:"text"`
	Failed string `json:"failed"`
}

// run has the worker that command starts do the task.
func run(ctx context.Context, task string, command []string) error {
	// Where in this program the worker's lines come from is of no interest.
	logger, err := zap.NewDevelopment(zap.WithCaller(false), zap.AddStacktrace(zap.DPanicLevel))
	if err != nil {
		return err
	}
	w, err := parent.Start(ctx, parent.Spec{
		Command:  command,
		Handlers: exchange.Handlers{"tool": exchange.Func(useTool)},
		Logger:   logger,
	})
	if err != nil {
		return err
	}
	// Not with ctx, the end of which would kill the worker.
	defer w.Shutdown(context.WithoutCancel(ctx))

	x, err := w.Open(ctx, "run", map[string]string{"task": task})
	if err != nil {
		return err
	}
	for s, err := range exchange.Values[step](x) {
		switch {
		case err != nil:
			return err
		case s.Failed != "":
			fmt.Printf("%d %-6s  failed: %s (%s)\n", s.Step, s.Kind, s.Text, s.Failed)
		default:
			fmt.Printf("%d %-6s  %s\n", s.Step, s.Kind, s.Text)
		}
	}
	return nil
}

// Agent-worker does a task step by step: it streams what it thinks, what each of its tools
// answers, and the answer in the end. It has no tools of its own: each one is a call back to
// the host's method "tool". Try
//
//	bin/agent-host 'add 2 3; add $1 10; upper done' bin/agent-worker
//	echo '{"task":"add 2 3; upper hello"}' | bin/kinwire run -- bin/agent-worker
//
// The second host has no tools, so the tool steps fail, and the worker lives on.
package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

func main() {
	w := child.Worker{
		Name: "agent-worker",
		Handlers: child.Handlers{
			"":    child.Stream(run),
			"run": child.Stream(run),
		},
	}
	w.Main()
}

type task struct {
	Task string `json:"task"`
	// PaceMS is how long the agent thinks before each use of a tool, as one that asks a
	// model would.
	PaceMS int64 `json:"pace_ms"`
}

type step struct {
	Step int    `json:"step"` // from 1
	Kind string `json:"kind"` // think, tool or answer
	Text string `json:"text"`
	Tool *use   `json:"tool,omitempty"`
	// Failed is the code of the error that the tool has answered with; Text is its message.
	Failed wire.Code `json:"failed,omitempty"`
}

// run does a task. It stops as soon as its context ends, be it between two steps or in the
// midst of one, and logs why: the caller gave up, the time was up, or the host is gone.
func run(ctx context.Context, t task) iter.Seq2[step, error] {
	return func(yield func(step, error) bool) {
		n := 0
		show := func(s step) bool {
			n++
			s.Step = n
			return yield(s, nil)
		}
		defer func() {
			if ctx.Err() != nil {
				child.Logger(ctx).Warn("the task was stopped", zap.Int("steps", n), zap.NamedError("why", context.Cause(ctx)))
			}
		}()

		uses, err := plan(t.Task)
		if err != nil {
			yield(step{}, wire.Errorf(wire.CodeBadInput, "%v", err))
			return
		}
		if !show(step{Kind: "think", Text: "the tools to use: " + names(uses)}) {
			return
		}
		var results []result
		for _, u := range uses {
			r, err := do(ctx, u.withResults(results), time.Duration(t.PaceMS)*time.Millisecond)
			if err != nil {
				yield(step{}, err)
				return
			}
			results = append(results, r)
			if !show(step{Kind: "tool", Text: r.text, Tool: &r.use, Failed: r.failed}) {
				return
			}
		}
		show(step{Kind: "answer", Text: conclude(results)})
	}
}

// do thinks for a while and then has the host use a tool. That the tool fails is a result;
// an error means that the task can't go on.
func do(ctx context.Context, u use, pace time.Duration) (result, error) {
	thought := time.NewTimer(pace)
	defer thought.Stop()
	select {
	case <-thought.C:
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
	answer, err := exchange.Call[any](ctx, child.Host(ctx), "tool", u)
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	var no *wire.Error
	switch {
	case errors.As(err, &no):
		return result{use: u, text: no.Message, failed: no.Code}, nil
	case err != nil:
		return result{}, err
	}
	return result{use: u, text: fmt.Sprint(answer)}, nil
}

// conclude makes the answer of what the tools have answered.
func conclude(results []result) string {
	var parts []string
	for _, r := range results {
		if r.failed != "" {
			parts = append(parts, fmt.Sprintf("%s failed", r.use))
		} else {
			parts = append(parts, fmt.Sprintf("%s = %s", r.use, r.text))
		}
	}
	return strings.Join(parts, "; ")
}

// Agent-worker is an agent: it does a task step by step, with tools that its host offers, and
// with the host's approval where the host wants that. It has no state: its host keeps the
// conversation, and with that it goes on where it was, also in another process. Try
//
//	bin/agent-host 'read go.mod; run go version; job sleep 5 && date' bin/agent-worker
//	echo '{"task":"add 2 3; upper hello"}' | bin/kinwire run -- bin/agent-worker
//
// The second host has no tools, so their uses fail, and the worker lives on.
//
// What comes next is a model's to say. By default that is a script, the task itself: each line
// of it, or each part between semicolons, is the name of a tool and what to use it on. With
// OPENAI_MODEL or OPENAI_BASE_URL in the environment it is the model of that name at any
// endpoint that speaks OpenAI's chat completions; OPENAI_API_KEY is the key, if one is needed:
//
//	OPENAI_BASE_URL=http://localhost:11434/v1 OPENAI_MODEL=qwen3 bin/agent-host 'How many Go files are there?'
package main

import (
	"context"
	"errors"
	"iter"

	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/wire"
)

func main() {
	var a agent
	w := child.Worker{
		Name: "agent-worker",
		Init: func(context.Context, wire.Payload) (err error) {
			a.model, err = chosenModel()
			return err
		},
		Handlers: child.Handlers{
			"":    child.Stream(a.run),
			"run": child.Stream(a.run),
		},
	}
	w.Main()
}

// task is what a host wants done: something new, or to go on with what was said, or both.
type task struct {
	Task     string    `json:"task"`
	Messages []message `json:"messages"`
}

// run does a task, and streams what the conversation gains. It stops as soon as its context
// ends, whatever it is doing then, and logs why: the caller gave up, the time was up, or the
// host is gone.
func (a *agent) run(ctx context.Context, t task) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		steps := 0
		show := func(m message) error {
			steps++
			if !yield(m, nil) {
				return errNobodyListens
			}
			return nil
		}
		err := a.work(ctx, t, show)
		if err != nil && !errors.Is(err, errNobodyListens) {
			yield(message{}, err)
		}
		if ctx.Err() != nil {
			child.Logger(ctx).Warn("the task was stopped", zap.Int("steps", steps), zap.NamedError("why", context.Cause(ctx)))
		}
	}
}

// errNobodyListens ends the work after the last step that could be shown.
var errNobodyListens = errors.New("nobody listens any more")

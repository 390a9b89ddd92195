package main

import (
	"context"

	"github.com/kinwire/kinwire/wire"
)

// maxReplies is how often the model is asked within a task. One that goes round in circles
// has to stop some time.
const maxReplies = 100

// agent does tasks.
type agent struct{ model model }

// work has the model say what comes next, and the host do it, until the model has come to an
// end. It shows every message that the conversation gains. That a tool fails is a result, which
// the model is told; an error means that the task can't go on.
func (a *agent) work(ctx context.Context, t task, show func(message) error) error {
	said := conversation(t.Messages)
	if t.Task != "" {
		said = append(said, message{Role: "user", Text: t.Task})
	}
	if len(said) == 0 {
		return wire.Errorf(wire.CodeBadInput, "there is no task")
	}
	tools, err := offered(ctx)
	if err != nil {
		return err
	}
	for range maxReplies {
		reply, err := a.model.next(ctx, said, tools)
		if err != nil {
			return err
		}
		said.identify(reply)
		said = append(said, reply)
		if err := show(reply); err != nil {
			return err
		}
		if len(reply.Calls) == 0 {
			return nil
		}
		for _, c := range reply.Calls {
			result, err := use(ctx, tools, c)
			if err != nil {
				return err
			}
			said = append(said, result)
			if err := show(result); err != nil {
				return err
			}
		}
	}
	return wire.Errorf("too_long", "the task is not done after %d replies of the model", maxReplies)
}

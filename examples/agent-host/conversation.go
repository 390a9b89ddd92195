package main

import (
	"encoding/json"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// message is a part of a conversation, as the agent sends it, and as it is on the disk.
type message struct {
	Role   string    `json:"role"` // user, assistant, tool or job
	Text   string    `json:"text,omitempty"`
	Calls  []call    `json:"calls,omitempty"`  // of the assistant: the tools to use
	Call   string    `json:"call,omitempty"`   // of a tool: the call that this is the result of
	Job    string    `json:"job,omitempty"`    // the job that a tool has started, or that has ended
	Failed wire.Code `json:"failed,omitempty"` // why a tool has not done it, or how a job has not succeeded
}

// call is one use of a tool.
type call struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // JSON
}

// decode stores the arguments in a struct. Those that it does not have are an error.
func (c call) decode(into any) error {
	if err := strictly(c.Arguments, into); err != nil {
		return wire.Errorf(wire.CodeBadInput, "the arguments of %s: %v", c.Name, err)
	}
	return nil
}

// conversation is all that was said, the oldest first.
type conversation []message

// isOver reports whether the agent has nothing to do: it has come to an end.
func (c conversation) isOver() bool {
	if len(c) == 0 {
		return true
	}
	last := c[len(c)-1]
	return last.Role == "assistant" && len(last.Calls) == 0
}

// find returns the call of an id.
func (c conversation) find(id string) (call, bool) {
	for _, m := range c {
		for _, made := range m.Calls {
			if made.ID == id {
				return made, true
			}
		}
	}
	return call{}, false
}

// isAnswered reports whether there is the result of a call.
func (c conversation) isAnswered(id string) bool {
	return slices.ContainsFunc(c, func(m message) bool { return m.Role == "tool" && m.Call == id })
}

// unanswered returns the calls that have no result.
func (c conversation) unanswered() (calls []call) {
	for _, m := range c {
		for _, made := range m.Calls {
			if !c.isAnswered(made.ID) {
				calls = append(calls, made)
			}
		}
	}
	return calls
}

// hasHeardOf reports whether the agent was told that a job has ended.
func (c conversation) hasHeardOf(job string) bool {
	return slices.ContainsFunc(c, func(m message) bool { return m.Role == "job" && m.Job == job })
}

// waitsFor returns the ids of the jobs of whose end the agent was not told.
func (c conversation) waitsFor() (ids []string) {
	for _, m := range c {
		if m.Role == "tool" && m.Job != "" && !c.hasHeardOf(m.Job) {
			ids = append(ids, m.Job)
		}
	}
	return ids
}

// String shows the arguments, as far as they are one text.
func (c call) String() string {
	var one map[string]string
	if err := json.Unmarshal([]byte(c.Arguments), &one); err == nil && len(one) == 1 {
		for _, text := range one {
			return text
		}
	}
	return c.Arguments
}

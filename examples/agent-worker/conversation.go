package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kinwire/kinwire/wire"
)

// message is a part of a conversation.
type message struct {
	Role string `json:"role"` // user, assistant, tool or job
	Text string `json:"text,omitempty"`

	// Calls are, of the assistant, the tools to use. Without any, it has come to an end.
	Calls []call `json:"calls,omitempty"`
	// Call is, of a tool, the id of the call that this is the result of.
	Call string `json:"call,omitempty"`
	// Job is the id of a background job: of a tool, that which it has started; of a job, that
	// which has ended.
	Job string `json:"job,omitempty"`
	// Failed is why a tool has not done it, or how a job has not succeeded.
	Failed wire.Code `json:"failed,omitempty"`
}

// call is one use of a tool.
type call struct {
	ID        string `json:"id"` // once in a conversation
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // a JSON object, unless a model was wrong
}

// hasObject reports whether the arguments are what they should be.
func (c call) hasObject() bool {
	var object map[string]any
	return json.Unmarshal([]byte(c.Arguments), &object) == nil && object != nil
}

// conversation is all that was said, the oldest first.
type conversation []message

// has reports whether there was a call of that id.
func (c conversation) has(id string) bool {
	return slices.ContainsFunc(c, func(m message) bool {
		return slices.ContainsFunc(m.Calls, func(made call) bool { return made.ID == id })
	})
}

// identify gives the calls of a reply, the next message, ids of their own where the model has
// not: some endpoints number them anew in each reply, or not at all.
func (c conversation) identify(reply message) {
	taken := make(map[string]bool)
	for i, made := range reply.Calls {
		id := made.ID
		for n := i; id == "" || taken[id] || c.has(id); n++ {
			id = fmt.Sprintf("call-%d-%d", len(c), n)
		}
		taken[id] = true
		reply.Calls[i].ID = id
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// tool is what the agent may use. It is told all but the function.
type tool struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Parameters  map[string]any `json:"parameters"`
	Approval    bool           `json:"approval"`

	use func(h *host, ctx context.Context, c call) (answer, error)
}

// answer is what came of it.
type answer struct {
	Text string `json:"text"`
	Job  string `json:"job"`
}

// tools are all that there are.
var tools = []tool{
	{
		Name: "read", Description: "Reads a text file of the working directory.",
		Parameters: oneText("path", "its path, relative to the working directory"),
		use:        (*host).read,
	},
	{
		Name: "run", Description: "Runs a command that takes less than two minutes, and returns what it prints.",
		Parameters: oneText("command", "a command for sh, run in the working directory"),
		Approval:   true, use: (*host).run,
	},
	{
		Name: "job", Description: "Starts a command in the background, and returns at once. You are told when it has ended.",
		Parameters: oneText("command", "a command for sh, run in the working directory"),
		Approval:   true, use: (*host).start,
	},
}

// oneText is the JSON schema of an object with one text.
func oneText(name, description string) map[string]any {
	return map[string]any{
		"type":                 "object",
		"properties":           map[string]any{name: map[string]any{"type": "string", "description": description}},
		"required":             []string{name},
		"additionalProperties": false,
	}
}

// handlers are the methods that the agent may call. Their contexts end with its interest.
func (h *host) handlers() exchange.Handlers {
	return exchange.Handlers{
		"tools":   exchange.Func(func(context.Context, any) ([]tool, error) { return tools, nil }),
		"approve": exchange.Func(h.approve),
		"tool":    exchange.Func(h.use),
	}
}

// use uses a tool: one that is offered, for a call that is on the disk and approved.
func (h *host) use(ctx context.Context, c call) (answer, error) {
	h.inUse.Add(1)
	defer h.inUse.Done()
	i := slices.IndexFunc(tools, func(t tool) bool { return t.Name == c.Name })
	if i < 0 {
		return answer{}, wire.Errorf("unknown_tool", "there is no tool %q", c.Name)
	}
	if err := h.queue.await(ctx, c); err != nil {
		return answer{}, err
	}
	if tools[i].Approval && !h.approvals.spend(c.ID) {
		return answer{}, wire.Errorf("denied", "the call %s is not approved", c.ID)
	}
	return tools[i].use(h, ctx, c)
}

// strictly decodes JSON in which nothing is unknown, and nothing follows.
func strictly(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

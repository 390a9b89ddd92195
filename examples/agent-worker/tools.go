package main

import (
	"context"
	"errors"
	"slices"

	"github.com/kinwire/kinwire/child"
	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// tool is what the host offers.
type tool struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Parameters  map[string]any `json:"parameters"` // a JSON schema of the arguments
	Approval    bool           `json:"approval"`   // whether each use needs the host's approval
}

// offered asks the host for its tools. One that knows no such method has none.
func offered(ctx context.Context) ([]tool, error) {
	tools, err := exchange.Call[[]tool](ctx, child.Host(ctx), "tools", exchange.None)
	var no *wire.Error
	if errors.As(err, &no) && no.Code == wire.CodeUnknownMethod {
		return nil, nil
	}
	return tools, err
}

// answer is what the host says of a tool that it has used.
type answer struct {
	Text string `json:"text"`
	Job  string `json:"job"` // the background job that was started
}

// use has the host use a tool, and returns the result for the conversation.
func use(ctx context.Context, tools []tool, c call) (message, error) {
	result, err := ask(ctx, tools, c)
	var no *wire.Error
	switch {
	case ctx.Err() != nil:
		return message{}, ctx.Err()
	case errors.As(err, &no):
		return message{Role: "tool", Call: c.ID, Text: no.Message, Failed: no.Code}, nil
	case err != nil:
		return message{}, err
	}
	return message{Role: "tool", Call: c.ID, Text: result.Text, Job: result.Job}, nil
}

// ask asks the host for its approval, if the tool needs that, and then to use the tool. These
// are two calls, as a person may think for as long as he likes.
func ask(ctx context.Context, tools []tool, c call) (result answer, err error) {
	if !c.hasObject() {
		return result, wire.Errorf(wire.CodeBadInput, "the arguments are no JSON object: %.200q", c.Arguments)
	}
	host := child.Host(ctx)
	if slices.ContainsFunc(tools, func(t tool) bool { return t.Name == c.Name && t.Approval }) {
		if err := host.Call(ctx, "approve", c, nil); err != nil {
			return result, err
		}
	}
	err = host.Call(ctx, "tool", c, &result)
	return result, err
}

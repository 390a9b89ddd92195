package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openai/openai-go"
	"github.com/openai/openai-go/option"

	"github.com/kinwire/kinwire/wire"
)

const (
	replyTime    = 5 * time.Minute // for one reply of the model
	instructions = "You are an agent that works in a directory of somebody's machine. Use the tools to find out " +
		"and to do what you are asked for, and say in a few words what came of it. What takes longer than a minute " +
		"is a background job: after you have started one, end your turn, and you will be told when the job has ended."
)

// openAI is a model behind an endpoint that speaks OpenAI's chat completions.
type openAI struct {
	client openai.Client
	model  string
	key    string // so that no error tells it
}

// newOpenAI returns the model of that name. The client finds the endpoint, and the key, in the
// environment by itself.
func newOpenAI(name, key string) (model, error) {
	if name == "" {
		return nil, errors.New("OPENAI_BASE_URL is set, and OPENAI_MODEL is not")
	}
	return &openAI{
		client: openai.NewClient(option.WithRequestTimeout(replyTime)),
		model:  name,
		key:    key,
	}, nil
}

func (m *openAI) next(ctx context.Context, said conversation, tools []tool) (message, error) {
	completion, err := m.client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    m.model,
		Messages: toOpenAI(said),
		Tools:    toolsToOpenAI(tools),
	})
	switch {
	case ctx.Err() != nil:
		return message{}, ctx.Err()
	case err != nil:
		return message{}, wire.Errorf("model_failed", "%s", m.explain(err))
	case len(completion.Choices) == 0:
		return message{}, wire.Errorf("model_failed", "the model has said nothing")
	}
	return fromOpenAI(completion.Choices[0].Message), nil
}

// explain says what went wrong, with what the endpoint says about it.
func (m *openAI) explain(err error) string {
	text := err.Error()
	var refused *openai.Error
	if errors.As(err, &refused) && refused.Message != "" {
		text = fmt.Sprintf("%s %q: %s: %s", refused.Request.Method, refused.Request.URL, refused.Response.Status, refused.Message)
	}
	if m.key != "" {
		text = strings.ReplaceAll(text, m.key, "(the key)")
	}
	return text
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
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

// newOpenAI returns the model that the environment names. The client finds the endpoint, and the
// key, there by itself.
func newOpenAI() (model, error) {
	name, base := os.Getenv("OPENAI_MODEL"), os.Getenv("OPENAI_BASE_URL")
	if name == "" {
		return nil, errors.New("OPENAI_BASE_URL is set, and OPENAI_MODEL is not")
	}
	if u, err := url.Parse(base); base != "" && (err != nil || u.Host == "") {
		return nil, errors.New("OPENAI_BASE_URL is no URL such as http://localhost:11434/v1")
	}
	return &openAI{
		client: openai.NewClient(option.WithRequestTimeout(replyTime), option.WithMaxRetries(0)),
		model:  name,
		key:    os.Getenv("OPENAI_API_KEY"),
	}, nil
}

func (m *openAI) next(ctx context.Context, said conversation, tools []tool) (message, error) {
	completion, err := m.complete(ctx, openai.ChatCompletionNewParams{
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
	choice := completion.Choices[0]
	if why := choice.FinishReason; why == "length" || why == "content_filter" {
		return message{}, wire.Errorf("model_failed", "the model was stopped before its end: %s", why)
	}
	return fromOpenAI(choice.Message), nil
}

// explain says what went wrong, with what the endpoint says about it.
func (m *openAI) explain(err error) string {
	text := "the endpoint does not answer as it should: " + err.Error()
	var refused *openai.Error
	switch {
	case errors.As(err, &refused):
		body, _ := io.ReadAll(refused.Response.Body) // it is in memory, and so there is no error
		text = fmt.Sprintf("%s %q: %s: %s", refused.Request.Method, refused.Request.URL.Redacted(),
			refused.Response.Status, cmp.Or(refused.Message, string(body)))
	case isOfLink(err):
		text = err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		text = fmt.Sprintf("no reply within %v", replyTime)
	}
	if m.key != "" {
		text = strings.ReplaceAll(text, m.key, "(the key)")
	}
	return fmt.Sprintf("%.500s", text) // it may be a whole page
}

package main

import (
	"context"
	"os"
)

// model says what comes next in a conversation: tools to use, or the end of it. It keeps
// nothing in mind, and may be asked by several tasks at a time.
type model interface {
	next(ctx context.Context, said conversation, tools []tool) (message, error)
}

// chosenModel returns the model that the environment names.
func chosenModel() (model, error) {
	if os.Getenv("OPENAI_MODEL") == "" && os.Getenv("OPENAI_BASE_URL") == "" {
		return script{}, nil
	}
	return newOpenAI()
}

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/openai/openai-go"
	"go.uber.org/zap"

	"github.com/kinwire/kinwire/child"
)

const (
	maxTries  = 3                      // for one reply of the model
	pause     = 500 * time.Millisecond // after the first, and twice that after the second
	mostPause = time.Minute            // if the endpoint wants a longer one
)

// complete asks the endpoint, and again where that may help. The client would do that by itself,
// but it does not notice that ctx ends while it pauses.
func (m *openAI) complete(ctx context.Context, params openai.ChatCompletionNewParams) (*openai.ChatCompletion, error) {
	for try := 1; ; try++ {
		completion, err := m.client.Chat.Completions.New(ctx, params)
		if err == nil || ctx.Err() != nil || try == maxTries || !mayPass(err) {
			return completion, err
		}
		wait := pauseAfter(err, try)
		child.Logger(ctx).Warn("the model is asked again", zap.Duration("after", wait), zap.String("since", m.explain(err)))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mayPass reports whether the endpoint may do better soon: it could not be reached, has too much
// to do, or trouble of its own.
func mayPass(err error) bool {
	var refused *openai.Error
	if errors.As(err, &refused) {
		return refused.StatusCode == http.StatusTooManyRequests || refused.StatusCode == http.StatusRequestTimeout ||
			refused.StatusCode >= http.StatusInternalServerError
	}
	return isOfLink(err)
}

// isOfLink reports whether there was no answer, or no whole one, since the connection failed.
func isOfLink(err error) bool {
	var without *url.Error
	var within *net.OpError
	return errors.As(err, &without) || errors.As(err, &within) || errors.Is(err, io.ErrUnexpectedEOF)
}

// pauseAfter is how long to wait before the next try: what the endpoint wants, if it says so.
func pauseAfter(err error, try int) time.Duration {
	var refused *openai.Error
	if errors.As(err, &refused) {
		if seconds, err := strconv.Atoi(refused.Response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			return min(time.Duration(seconds), mostPause/time.Second) * time.Second
		}
	}
	return pause << (try - 1)
}

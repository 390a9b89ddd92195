package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/kinwire/kinwire/wire"
)

type toolUse struct {
	Name  string   `json:"name"`
	Input []string `json:"input"`
}

// tools are what the worker may use, by name.
var tools = map[string]func(ctx context.Context, input []string) (string, error){
	"add":   add,
	"now":   now,
	"upper": upper,
	"wait":  wait,
}

// useTool is the method that the worker calls. Its context ends with the worker's interest.
func useTool(ctx context.Context, u toolUse) (string, error) {
	tool, ok := tools[u.Name]
	if !ok {
		return "", wire.Errorf("unknown_tool", "there is no tool %q", u.Name)
	}
	return tool(ctx, u.Input)
}

func add(_ context.Context, input []string) (string, error) {
	sum := 0.0
	for _, word := range input {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return "", wire.Errorf(wire.CodeBadInput, "%q is no number", word)
		}
		sum += n
	}
	return strconv.FormatFloat(sum, 'g', -1, 64), nil
}

func now(context.Context, []string) (string, error) {
	return time.Now().Format(time.RFC3339), nil
}

func upper(_ context.Context, input []string) (string, error) {
	return strings.ToUpper(strings.Join(input, " ")), nil
}

// wait waits for the durations that it is given, such as 2s.
func wait(ctx context.Context, input []string) (string, error) {
	var sum time.Duration
	for _, word := range input {
		d, err := time.ParseDuration(word)
		if err != nil {
			return "", wire.Errorf(wire.CodeBadInput, "%v", err)
		}
		sum += d
	}
	t := time.NewTimer(sum)
	defer t.Stop()
	select {
	case <-t.C:
		return "waited " + sum.String(), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/wire"
)

const (
	runTime   = 2 * time.Minute // for a command
	runOutput = 1 << 20         // bytes that it may print
	runShown  = 16_000          // of them that the agent gets, the last ones
)

// command is the argument of those tools that run one.
type command struct {
	Command string `json:"command"`
}

// run runs a command, and waits for it. It dies with all that it has started when its time is
// over, when the agent gives up, or when the host dies.
func (h *host) run(ctx context.Context, c call) (answer, error) {
	var in command
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	exit, err := process.Run(ctx, process.Command{
		Args:    []string{"sh", "-c", in.Command},
		Dir:     h.work.Name(),
		EnvBase: process.EmptyEnv,
		Env:     environment(),
		Scope:   process.OwnSession, // so that it can't ask at the terminal
		Streams: process.OneStream,
		Limits:  process.Limits{Total: runTime, Output: runOutput},
	})
	if err != nil {
		return answer{}, err
	}
	text := lastOf(exit.Stdout)
	if !exit.Success() {
		return answer{}, wire.Errorf(wire.CodeFailed, "%v\n%s", exit, text)
	}
	return answer{Text: text}, nil
}

// environment is that of commands: nothing that the host has, such as the key of a model, but
// what most programs need.
func environment() (env []string) {
	for _, name := range []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// lastOf returns the end of what a command has printed.
func lastOf(out process.Output) string {
	tail, cut := out.Tail, out.Cut
	if more := len(tail) - runShown; more > 0 {
		for more < len(tail) && !utf8.RuneStart(tail[more]) {
			more++
		}
		tail, cut = tail[more:], cut+int64(more)
	}
	text := strings.ToValidUTF8(string(tail), "\uFFFD")
	if cut > 0 {
		text = fmt.Sprintf("[%d bytes are left out]\n%s", cut, text)
	}
	return text
}

//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/kinwire/kinwire/process"
)

// A command that fails is no error: the report tells it.
func ExampleRun() {
	e, err := process.Run(context.Background(), process.Command{
		Args: []string{"sh", "-c", "echo half done; echo out of cheese >&2; exit 3"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.State, e.Code, e.Success())
	fmt.Printf("%q %q\n", e.Stdout.Tail, e.LastWords())
	// Output:
	// exited 3 false
	// "half done\n" "out of cheese"
}

// What can't be started is told apart.
func ExampleStartError() {
	_, err := process.Run(context.Background(), process.Command{Args: []string{"no-such-program"}})
	fmt.Println(err)
	var failed *process.StartError
	fmt.Println(errors.As(err, &failed), failed.Cause, errors.Is(err, syscall.ENOENT))
	// Output:
	// start "no-such-program": not found in PATH: no such file or directory
	// true program true
}

// The end of the context stops the command, and the report comes with the error.
func ExampleRun_cancel() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	e, err := process.Run(ctx, process.Command{Args: []string{"sleep", "1000"}})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	fmt.Println(process.SignalName(e.Signal), e.Reason)
	// Output:
	// true
	// SIGTERM context deadline exceeded
}

// A command as a filter: Input can be any reader.
func ExampleCommand_input() {
	e, err := process.Run(context.Background(), process.Command{
		Args:  []string{"tr", "a-z", "A-Z"},
		Input: strings.NewReader("hello\n"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", e.Stdout.Tail)
	// Output: HELLO
}

// Env amends the environment: the host's, or an empty one.
func ExampleCommand_env() {
	os.Setenv("COLOUR", "blue")
	for _, base := range []process.EnvBase{process.HostEnv, process.EmptyEnv} {
		e, err := process.Run(context.Background(), process.Command{
			Args:    []string{"sh", "-c", `echo "$COLOUR $SIZE"`},
			EnvBase: base,
			Env:     []string{"SIZE=12"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", e.Stdout.Tail)
	}
	// Output:
	// "blue 12\n"
	// " 12\n"
}

// Output as lines, while the command runs.
func ExampleStart() {
	ready := make(chan struct{})
	p, err := process.Start(context.Background(), process.Command{
		Args: []string{"sh", "-c", "echo ready; sleep 1000"},
		OnLine: func(l process.Line) {
			fmt.Printf("%v: %s\n", l.Stream, l.Text)
			close(ready)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-ready
	if err := p.Stop(context.Background(), process.Ladder{Term: time.Second}, "shutdown"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Exit().Reason)
	// Output:
	// stdout: ready
	// shutdown
}

// Leaving the loop stops the command.
func ExampleStartLines() {
	p, lines, err := process.StartLines(context.Background(), process.Command{Args: []string{"seq", "1000000000"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range lines {
		fmt.Printf("%s\n", line.Text)
		if string(line.Text) == "3" {
			break
		}
	}
	fmt.Println(p.Exit().Reason)
	// Output:
	// 1
	// 2
	// 3
	// its output is not wanted any more
}

// Output as it comes, into memory that is bounded by a limit. The command waits for a slow
// receiver.
func ExampleLimits() {
	var all strings.Builder
	e, err := process.Run(context.Background(), process.Command{
		Args:     []string{"yes"},
		WhenSlow: process.PauseCommand,
		OnChunk: func(c process.Chunk) {
			if c.Stream == process.Stdout {
				all.Write(c.Data)
			}
		},
		Limits: process.Limits{Output: 10_000, Silence: time.Minute, Total: time.Hour},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(all.Len(), e.Limit)
	fmt.Println(e.Reason)
	// Output:
	// 10000 output
	// more than 10000 bytes of output
}

// A service lists its commands, and leaves none behind.
func ExampleRegistry() {
	var commands process.Registry
	for _, name := range []string{"indexer", "mailer"} {
		_, err := process.Start(context.Background(), process.Command{
			Args:     []string{"sleep", "1000"},
			Name:     name,
			Registry: &commands,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, each := range commands.List() {
		fmt.Println(each.Name, each.Args)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := commands.Close(ctx, "the service ends"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(commands.List()), "left")
	// Output:
	// indexer [sleep 1000]
	// mailer [sleep 1000]
	// 0 left
}

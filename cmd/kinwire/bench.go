package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/jsonvalue"
	"github.com/kinwire/kinwire/wire"
)

// benchOptions are what the command line of bench says.
type benchOptions struct {
	shared      runOptions // what run has as well
	concurrency []int      // the levels
	duration    time.Duration
	size        byteSize
	input       string // instead of size
	json        bool
}

const (
	// mostInFlight is more than anybody wants to have in flight, and less than what would
	// exhaust the memory.
	mostInFlight = 1 << 16
	// warmUpShare is which part of a level's time goes before it to warm up, and longestWarmUp
	// how long that takes at most.
	warmUpShare   = 5
	longestWarmUp = time.Second
)

func newBench() *cobra.Command {
	o := benchOptions{shared: runOptions{workers: 1}, size: 64}
	cmd := &cobra.Command{
		Use:                   "bench [flags] -- CMD...",
		Short:                 "Measure how fast a worker answers",
		Long:                  benchHelp,
		Example:               benchExamples,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.shared.command, err = commandAfterDash(cmd, args); err != nil {
				return err
			}
			if err := o.check(cmd.Flags().Changed); err != nil {
				return err
			}
			return runBench(o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntSliceVar(&o.concurrency, "concurrency", []int{1, 4, 16, 64}, "the `levels`: how many calls are in flight, one level after the other")
	f.DurationVar(&o.duration, "duration", time.Second, "how long each level lasts, such as 500ms or 1m")
	f.StringVar(&o.shared.method, "method", "", "the `method` to call (default the one whose name is empty)")
	f.Var(&o.size, "size", "what to call it with: a bin of that `size`, such as 100, 1KiB or 1MiB")
	f.StringVar(&o.input, "input", "", "what to call it with instead: a `JSON` value")
	f.DurationVar(&o.shared.timeout, "timeout", 0, "how long a call may take (default no limit)")
	f.DurationVar(&o.shared.spin, "spin", 0, "for how long the host polls the link before it waits, such as 30us; what the worker does is its own")
	f.BoolVar(&o.json, "json", false, "print one line of JSON, with all times in ns")
	f.StringVar(&o.shared.transport, "transport", "", "the link to the worker: `socketpair|stdio` (default socketpair, where there is one)")
	f.StringVar(&o.shared.config, "config", "", "what the worker is initialised with: a `JSON` value (default nothing)")
	f.DurationVar(&o.shared.startTimeout, "start-timeout", 0, "how long the worker may take to start (default 10s)")
	f.StringVar(&o.shared.logLevel, "log-level", "info", "the least `level` to log, of kinwire and the worker: debug, info, warn or error")
	f.BoolVarP(&o.shared.quiet, "quiet", "q", false, "log nothing and show no progress; errors that end the run are still told")
	return cmd
}

// check returns what is wrong with the values of flags, of which some are given.
func (o *benchOptions) check(given func(flag string) bool) error {
	if err := o.shared.check(); err != nil {
		return err
	}
	switch {
	case given("input") && given("size"):
		return errors.New("--input and --size are both given, and exclude each other")
	case given("input") && o.input == "":
		return errors.New("--input is empty, and has to be a JSON value")
	case o.size > mostPayload:
		return fmt.Errorf("--size is %v, and has to be at most %v", o.size, mostPayload)
	}
	if _, err := o.payload(); err != nil {
		return err
	}
	if o.duration <= 0 {
		return fmt.Errorf("--duration is %v, and has to be longer", o.duration)
	}
	for _, n := range o.concurrency {
		if n < 1 || n > mostInFlight {
			return fmt.Errorf("--concurrency has %d, and each level has to be from 1 to %d", n, mostInFlight)
		}
	}
	return nil
}

// payload returns what the method is called with.
func (o *benchOptions) payload() (any, error) {
	if o.input == "" {
		return payloadOf(int(o.size)), nil
	}
	value, err := jsonvalue.ToMsgpack([]byte(o.input))
	if err != nil {
		return nil, fmt.Errorf("--input is no JSON value: %w", err)
	}
	return wire.Payload(value), nil
}

// mostPayload is the largest size of a payload, which is far more than a worker takes unless it
// says so.
const mostPayload byteSize = 1 << 30

// payloadOf returns so many bytes, which are not all alike.
func payloadOf(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// ladder returns the levels, none of them above what the worker takes and none of them
// twice. A most of 0 is no limit.
func (o *benchOptions) ladder(most int) (levels []int) {
	seen := make(map[int]bool)
	for _, n := range o.concurrency {
		if most > 0 {
			n = min(n, most)
		}
		if !seen[n] {
			levels = append(levels, n)
		}
		seen[n] = true
	}
	return levels
}

// warmUp is how long a level is warmed up.
func (o *benchOptions) warmUp() time.Duration { return min(o.duration/warmUpShare, longestWarmUp) }

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/jsonvalue"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
	"github.com/kinwire/kinwire/wire"
)

// runOptions are what the command line of run says.
type runOptions struct {
	command      []string
	transport    string
	method       string
	config       string
	workers      int
	timeout      time.Duration
	startTimeout time.Duration
	spin         time.Duration
	logLevel     string
	quiet        bool
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:                   "run [flags] -- CMD...",
		Short:                 "Call a worker with each line of standard input",
		Long:                  runHelp,
		Example:               runExamples,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.command, err = commandAfterDash(cmd, args); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			return runSession(o, os.Stdin, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.transport, "transport", "", "the link to the worker: `socketpair|stdio` (default socketpair, where there is one)")
	f.StringVar(&o.method, "method", "", "the `method` to call (default the one whose name is empty)")
	f.StringVar(&o.config, "config", "", "what the worker is initialised with: a `JSON` value (default nothing)")
	f.IntVar(&o.workers, "workers", 1, "how many `workers` to run; if more than one, each has one input at a time")
	f.DurationVar(&o.timeout, "timeout", 0, "how long an input may take once it is sent, such as 500ms or 1m (default no limit)")
	f.DurationVar(&o.startTimeout, "start-timeout", 0, "how long the worker may take to start (default 10s)")
	f.StringVar(&o.logLevel, "log-level", "info", "the least `level` to log, of kinwire and the worker: debug, info, warn or error")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "log nothing and show no progress; errors that end the run are still told")
	return cmd
}

// commandAfterDash returns the worker's command, which stands behind "--".
func commandAfterDash(cmd *cobra.Command, args []string) ([]string, error) {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash > 0:
		return nil, fmt.Errorf("unexpected argument %q before --", args[0])
	case dash < 0 && len(args) > 0:
		return nil, fmt.Errorf("the worker's command goes after --, as in: %s -- %s", cmd.CommandPath(), strings.Join(args, " "))
	case len(args) == 0:
		return nil, fmt.Errorf("no worker given, as in: %s -- ./worker", cmd.CommandPath())
	case args[0] == "":
		return nil, errors.New("the worker's command is empty")
	}
	return args, nil
}

// check returns what is wrong with the values of flags.
func (o *runOptions) check() error {
	if _, err := o.link(); err != nil {
		return err
	}
	if _, err := o.level(); err != nil {
		return err
	}
	if _, err := o.configValue(); err != nil {
		return err
	}
	switch {
	case o.workers < 1:
		return fmt.Errorf("--workers is %d, and has to be at least 1", o.workers)
	case o.timeout < 0:
		return fmt.Errorf("--timeout is %v, which has passed already", o.timeout)
	case o.startTimeout < 0:
		return fmt.Errorf("--start-timeout is %v, which has passed already", o.startTimeout)
	}
	return nil
}

// link returns the transport, or nil for the default of package parent.
func (o *runOptions) link() (transport.Transport, error) {
	switch o.transport {
	case "":
		return nil, nil
	case "socketpair":
		return socketpair.Transport{}, nil
	case "stdio":
		return stdio.Transport{}, nil
	}
	return nil, fmt.Errorf("--transport is %q, and has to be socketpair or stdio", o.transport)
}

// configValue returns what the worker is initialised with.
func (o *runOptions) configValue() (wire.Payload, error) {
	if o.config == "" {
		return nil, nil
	}
	value, err := jsonvalue.ToMsgpack([]byte(o.config))
	if err != nil {
		return nil, fmt.Errorf("--config is no JSON value: %w", err)
	}
	return value, nil
}

// level returns the least level to log.
func (o *runOptions) level() (zapcore.Level, error) {
	switch o.logLevel {
	case "debug", "info", "warn", "error":
		return zapcore.ParseLevel(o.logLevel)
	}
	return 0, fmt.Errorf("--log-level is %q, and has to be debug, info, warn or error", o.logLevel)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/jobs"
	"github.com/kinwire/kinwire/process"
)

// newJobStart makes the command that starts a job.
func newJobStart() *cobra.Command {
	var o jobOptions
	var spec jobs.Spec
	var limit sizeLimit
	kept := byteSize(jobs.DefaultOutputKept)
	var stdin string
	cmd := &cobra.Command{
		Use:                   "start [flags] -- CMD...",
		Short:                 "Start a job, and print its id",
		Long:                  jobStartHelp,
		Example:               jobStartExamples,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if spec.Args, err = jobCommand(cmd, args); err != nil {
				return err
			}
			switch {
			case cmd.Flags().Changed("max-runtime") && spec.MaxRuntime == 0:
				return errors.New("--max-runtime is 0, and has to be longer, or negative for no limit")
			case kept == 0:
				return errors.New("--output-kept is 0, and has to be more")
			}
			spec.OutputLimit, spec.OutputKept = int64(limit.byteSize), int64(kept)
			spec.Stop.Term = orNone(spec.Stop.Term)
			return doing(func(*cobra.Command, []string) error {
				if spec.Stdin, err = readInput(stdin); err != nil {
					return err
				}
				return startJob(o, spec)
			})(cmd, args)
		},
	}
	o.addDir(cmd)
	f := cmd.Flags()
	f.StringVar(&spec.Session, "session", "", "a `label`, by which jobs can be listed")
	f.DurationVar(&spec.MaxRuntime, "max-runtime", jobs.DefaultMaxRuntime, "how long the command may take, such as 90s or 2h; negative: no limit")
	f.StringVarP(&spec.Dir, "chdir", "C", "", "the working `directory` of the command (default this one)")
	f.StringArrayVarP(&spec.Env, "env", "e", nil, "`NAME=value` sets a variable in the command's environment, NAME removes one")
	f.StringVar(&stdin, "stdin", "", "the `file` that the command reads, which is copied; - is standard input (default nothing)")
	f.Var(&limit, "output-limit", "how much the command may print, such as 100MiB; then it is stopped")
	f.Var(&kept, "output-kept", "how much of the output is kept, its head and its tail; at least 64KiB")
	f.DurationVar(&spec.Stop.Term, "stop-time", process.DefaultTerm, "how long the command has after SIGTERM; 0: it is killed at once")
	return cmd
}

// sizeLimit is a size that is no limit if it is 0.
type sizeLimit struct{ byteSize }

// String implements pflag.Value.
func (l sizeLimit) String() string {
	if l.byteSize == 0 {
		return "no limit"
	}
	return l.byteSize.String()
}

// jobCommand returns the command of a job, which stands behind "--".
func jobCommand(cmd *cobra.Command, args []string) ([]string, error) {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash > 0:
		return nil, fmt.Errorf("unexpected argument %q before --", args[0])
	case dash < 0 && len(args) > 0:
		return nil, fmt.Errorf("the command goes after --, as in: %s -- %s", cmd.CommandPath(), args[0])
	case len(args) == 0:
		return nil, fmt.Errorf("no command given, as in: %s -- make all", cmd.CommandPath())
	case args[0] == "":
		return nil, errors.New("the command is empty")
	}
	return args, nil
}

// readInput reads what a command is to read: nil if nothing is given.
func readInput(path string) ([]byte, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

// startJob starts a job, unless a signal comes first.
func startJob(o jobOptions, spec jobs.Spec) error {
	store, err := o.open()
	if err != nil {
		return err
	}
	ctx, release := untilSignal()
	defer release()
	r, err := store.Start(ctx, spec)
	if r.ID == "" {
		return err
	}
	if _, unsaid := fmt.Println(r.ID); unsaid != nil {
		unsaid = fmt.Errorf("job %s is there, but its id could not be printed: %w", r.ID, unsaid)
		return errors.Join(err, unsaid)
	}
	return err
}

// untilSignal returns what ends at SIGINT or SIGTERM.
func untilSignal() (ctx context.Context, release func()) {
	stops := catchSignals()
	return stops.first, stops.release
}

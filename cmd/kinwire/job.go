package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/jobs"
)

// newJob makes the command that those about jobs are below.
func newJob() *cobra.Command {
	job := &cobra.Command{
		Use:                   "job COMMAND",
		Short:                 "Run commands that outlive whoever starts them",
		Long:                  jobHelp,
		Example:               jobExamples,
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q of job", args[0])
			}
			return errors.New("no command of job given, such as list")
		},
	}
	job.AddCommand(newJobStart(), newJobList(), newJobStatus(), newJobWait(), newJobLogs(), newJobKill(),
		newJobPending(), newJobAck(), newJobPrune())
	return job
}

// jobOptions are what all commands about jobs have.
type jobOptions struct {
	dir  string
	json bool
}

// addDir adds --dir to a command.
func (o *jobOptions) addDir(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.dir, "dir", "", "the `directory` of the store (default $XDG_STATE_HOME/kinwire/jobs, or ~/.local/state/kinwire/jobs)")
}

// addJSON adds --json to a command.
func (o *jobOptions) addJSON(cmd *cobra.Command, what string) {
	cmd.Flags().BoolVar(&o.json, "json", false, "print "+what)
}

// open opens the store.
func (o *jobOptions) open() (*jobs.Store, error) {
	dir := o.dir
	if dir == "" {
		state := os.Getenv("XDG_STATE_HOME")
		if !filepath.IsAbs(state) { // which the specification wants to be ignored
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fmt.Errorf("no --dir is given, and there is no default: %w", err)
			}
			state = filepath.Join(home, ".local", "state")
		}
		dir = filepath.Join(state, "kinwire", "jobs")
	}
	return jobs.Open(dir)
}

// find opens the store, and finds the job that was named.
func (o *jobOptions) find(part string) (*jobs.Store, string, error) {
	store, err := o.open()
	if err != nil {
		return nil, "", err
	}
	id, err := store.Find(part)
	return store, id, err
}

// within returns what ends at SIGINT or SIGTERM, or for the given reason when the time is over. No
// time is no limit.
func within(limit time.Duration, why error) (context.Context, func()) {
	ctx, release := untilSignal()
	if limit <= 0 {
		return ctx, release
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, why)
	return ctx, func() {
		cancel()
		release()
	}
}

// oneID is for commands about one job.
func oneID(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("no job given, as in: %s ID", cmd.CommandPath())
	case len(args) > 1:
		return fmt.Errorf("unexpected argument %q", args[1])
	case args[0] == "":
		return errors.New("the id is empty")
	}
	return nil
}

// doing makes of what a command does what cobra calls: what goes wrong is told, and is no
// error of usage.
func doing(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd, args)
		if err == nil || errors.Is(err, errFailed) {
			return err
		}
		tell(err)
		return errFailed
	}
}

// tell prints an error, each that it is made of in a line.
func tell(err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(os.Stderr, "kinwire: %s\n", strings.TrimRight(line, "\n"))
	}
}

// printJSON prints a line of JSON.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// show prints a record: a line, or JSON.
func (o *jobOptions) show(w io.Writer, r jobs.Record) error {
	if o.json {
		return printJSON(w, r)
	}
	_, err := fmt.Fprintln(w, r.Summary())
	return err
}

package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/jobs"
)

// newJobList makes the command that lists jobs.
func newJobList() *cobra.Command {
	var o jobOptions
	var filter jobs.Filter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs",
		Long:  jobListHelp,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if s := filter.State; s != "" && !slices.Contains(jobs.States(), s) {
				return fmt.Errorf("--state is %q, and has to be one of %v", s, jobs.States())
			}
			return doing(func(*cobra.Command, []string) error {
				store, err := o.open()
				if err != nil {
					return err
				}
				return o.print(store.List(filter))
			})(cmd, args)
		},
	}
	o.addDir(cmd)
	cmd.Flags().StringVar(&filter.Session, "session", "", "only those with this `label`")
	cmd.Flags().StringVar((*string)(&filter.State), "state", "", "only those in this `state`: running, succeeded, failed, killed, timed_out or lost")
	o.addJSON(cmd, "an array of JSON objects")
	return cmd
}

// newJobPending makes the command that lists the jobs whose end nobody has dealt with.
func newJobPending() *cobra.Command {
	var o jobOptions
	cmd := &cobra.Command{
		Use:   "pending",
		Short: "List the jobs that have ended, and that nobody has acknowledged",
		Long:  jobPendingHelp,
		Args:  noArgs,
		RunE: doing(func(*cobra.Command, []string) error {
			store, err := o.open()
			if err != nil {
				return err
			}
			return o.print(store.Pending())
		}),
	}
	o.addDir(cmd)
	o.addJSON(cmd, "an array of JSON objects")
	return cmd
}

// print prints records, and what is wrong with others, which does not make them wrong.
func (o *jobOptions) print(records []jobs.Record, err error) error {
	if records == nil && err != nil {
		return err
	}
	if err != nil {
		tell(err)
	}
	if o.json {
		return printJSON(os.Stdout, append([]jobs.Record{}, records...))
	}
	for _, line := range jobTable(records, os.Stdout) {
		if _, err := fmt.Println(line); err != nil {
			return err
		}
	}
	return nil
}

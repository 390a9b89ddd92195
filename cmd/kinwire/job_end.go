package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/jobs"
)

// newJobKill makes the command that kills a job.
func newJobKill() *cobra.Command {
	var o jobOptions
	var reason string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "kill ID",
		Short: "End a job, with all that descends from it",
		Long:  jobKillHelp,
		Args:  oneID,
		RunE: doing(func(_ *cobra.Command, args []string) error {
			store, id, err := o.find(args[0])
			if err != nil {
				return err
			}
			ctx, release := within(timeout, fmt.Errorf("job %s was asked to end, and has not within %v", id, timeout))
			defer release()
			r, err := store.Kill(ctx, id, reason)
			if err != nil {
				return err
			}
			return o.show(os.Stdout, r)
		}),
	}
	o.addDir(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for the record (default on request)")
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "how long to wait for the end, which is asked for all the same; 0: no limit")
	o.addJSON(cmd, "a JSON object")
	return cmd
}

// newJobAck makes the command that says that the end of a job has been dealt with.
func newJobAck() *cobra.Command {
	var o jobOptions
	cmd := &cobra.Command{
		Use:   "ack ID",
		Short: "Acknowledge the end of a job, so that it is pending no more",
		Long:  jobAckHelp,
		Args:  oneID,
		RunE: doing(func(_ *cobra.Command, args []string) error {
			store, id, err := o.find(args[0])
			if err != nil {
				return err
			}
			if err := store.Ack(id); err != nil || !o.json {
				return err
			}
			r, err := store.Get(id)
			if err != nil {
				return err
			}
			return o.show(os.Stdout, r)
		}),
	}
	o.addDir(cmd)
	o.addJSON(cmd, "a JSON object")
	return cmd
}

// newJobPrune makes the command that removes old jobs.
func newJobPrune() *cobra.Command {
	var o jobOptions
	var keep jobs.Retention
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove jobs that have ended some time ago",
		Long:  jobPruneHelp,
		Args:  noArgs,
		RunE: doing(func(cmd *cobra.Command, _ []string) error {
			store, err := o.open()
			if err != nil {
				return err
			}
			keep.AfterAck, keep.WithoutAck = orNone(keep.AfterAck), orNone(keep.WithoutAck)
			gone, err := store.Prune(keep)
			if o.json {
				return firstError(err, printJSON(os.Stdout, append([]string{}, gone...)))
			}
			for _, id := range gone {
				if _, unsaid := fmt.Println(id); unsaid != nil {
					return errors.Join(err, unsaid)
				}
			}
			return err
		}),
	}
	o.addDir(cmd)
	cmd.Flags().DurationVar(&keep.AfterAck, "after-ack", jobs.DefaultAfterAck, "how long to keep acknowledged jobs, since then; 0: not at all")
	cmd.Flags().DurationVar(&keep.WithoutAck, "without-ack", jobs.DefaultWithoutAck, "how long to keep others, since their end; 0: not at all")
	o.addJSON(cmd, "a JSON array of the ids")
	return cmd
}

// orNone turns no time, as one types it, into what package jobs takes for that.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// firstError returns the first error there is.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kinwire/kinwire/jobs"
)

// newJobStatus makes the command that tells how a job is.
func newJobStatus() *cobra.Command {
	var o jobOptions
	cmd := &cobra.Command{
		Use:   "status ID",
		Short: "Tell how a job is",
		Long:  jobStatusHelp,
		Args:  oneID,
		RunE: doing(func(_ *cobra.Command, args []string) error {
			store, id, err := o.find(args[0])
			if err != nil {
				return err
			}
			r, err := store.Get(id)
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(os.Stdout, r)
			}
			return printStatus(os.Stdout, r)
		}),
	}
	o.addDir(cmd)
	o.addJSON(cmd, "a JSON object")
	return cmd
}

// printStatus prints all that one may want to know of a job, a line each.
func printStatus(w io.Writer, r jobs.Record) error {
	var ended, pid string
	if r.IsOver() {
		ended = r.EndedAt.Local().Format(time.DateTime)
	}
	if r.PID != 0 {
		pid = fmt.Sprint(r.PID)
	}
	lines := []struct{ name, text string }{
		{"job", r.ID},
		{"state", r.Outcome()},
		{"command", r.CommandLine()},
		{"directory", oneLine(r.Dir)},
		{"session", oneLine(r.Session)},
		{"started", r.StartedAt.Local().Format(time.DateTime)},
		{"ended", ended},
		{"pid", pid},
		{"output", fmt.Sprintf("%d bytes", r.OutputBytes)},
		{"follow-up", followUpText(r.FollowUp)},
	}
	for _, line := range lines {
		if line.text == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-10s %s\n", line.name, line.text); err != nil {
			return err
		}
	}
	return nil
}

// followUpText says how far a follow-up is.
func followUpText(f jobs.FollowUp) string {
	text := string(f.State)
	if f.Attempts > 0 {
		text += fmt.Sprintf(", %d attempts", f.Attempts)
	}
	if f.Error != "" {
		text += ", the last failed: " + oneLine(f.Error)
	}
	if !f.NextTry.IsZero() {
		text += ", next try " + f.NextTry.Local().Format(time.DateTime)
	}
	return text
}

// newJobWait makes the command that waits for a job.
func newJobWait() *cobra.Command {
	var o jobOptions
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait ID",
		Short: "Wait until a job has ended",
		Long:  jobWaitHelp,
		Args:  oneID,
		RunE: doing(func(_ *cobra.Command, args []string) error {
			store, id, err := o.find(args[0])
			if err != nil {
				return err
			}
			r, err := awaitJob(store, id, timeout)
			if err != nil {
				return err
			}
			if err := o.show(os.Stdout, r); err != nil {
				return err
			}
			if r.State != jobs.Succeeded {
				return errFailed
			}
			return nil
		}),
	}
	o.addDir(cmd)
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "how long to wait at the most, such as 30s; the job goes on (default no limit)")
	o.addJSON(cmd, "a JSON object")
	return cmd
}

// awaitJob waits for a job, and shows on a terminal how long it has been running.
func awaitJob(store *jobs.Store, id string, timeout time.Duration) (jobs.Record, error) {
	ctx, release := within(timeout, fmt.Errorf("it has not ended within %v", timeout))
	defer release()
	r, err := store.Get(id)
	if err == nil && !r.IsOver() && isTerminal(os.Stderr) {
		stop := showRunning(r)
		defer stop()
	}
	r, err = store.Wait(ctx, id)
	if err != nil {
		err = fmt.Errorf("job %s: %w", id, err)
	}
	return r, err
}

// aroundProgress is the spinner before a progress, and the space around it, without which it would
// not stay in its line.
const aroundProgress = 5

// showRunning shows how long a job has been running, until it is told to stop.
func showRunning(r jobs.Record) (stop func()) {
	c := newConsole(os.Stderr)
	seen := time.Now()
	hide := c.keepShown(func() string {
		text := fmt.Sprintf("%s has been running for %s: %s", r.ID, age(r.Duration+time.Since(seen)), r.CommandLine())
		return cut(text, max(leastCommand, pictureFor(os.Stderr).width-aroundProgress))
	})
	return func() {
		hide()
		<-c.close()
	}
}

// newJobLogs makes the command that prints what a job has printed.
func newJobLogs() *cobra.Command {
	var o jobOptions
	var follow bool
	var from int64
	var limit int
	cmd := &cobra.Command{
		Use:   "logs [-f] ID",
		Short: "Print what a job has printed",
		Long:  jobLogsHelp,
		Args:  oneID,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case from < 0 || limit < 0:
				return errors.New("--from and --limit can't be negative")
			case follow && limit > 0:
				return errors.New("--follow and --limit exclude each other")
			}
			return doing(func(*cobra.Command, []string) error {
				store, id, err := o.find(args[0])
				if err != nil {
					return err
				}
				if limit > 0 {
					out, err := store.Output(id, from, limit)
					if err == nil {
						_, err = io.WriteString(os.Stdout, out.String())
					}
					return err
				}
				return printLogs(store, id, from, follow)
			})(cmd, args)
		},
	}
	o.addDir(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the job has ended")
	cmd.Flags().Int64Var(&from, "from", 0, "begin at this `offset` in bytes")
	cmd.Flags().IntVar(&limit, "limit", 0, "print so many `characters` of text at the most, half of them from the end (default all that is kept)")
	return cmd
}

// printLogs prints the output byte for byte.
func printLogs(store *jobs.Store, id string, from int64, follow bool) error {
	if !follow {
		_, err := store.CopyOutput(os.Stdout, id, from)
		return err
	}
	ctx, release := untilSignal()
	defer release()
	_, err := store.Follow(ctx, os.Stdout, id, from)
	if ctx.Err() != nil || isBrokenPipe(err) {
		return errFailed // who sent the signal knows, and who does not read does not want to
	}
	return err
}

package main

import (
	"context"
	"time"

	"github.com/kinwire/kinwire/jobs"
	"github.com/kinwire/kinwire/process"
)

const (
	jobTime   = time.Hour // for a job
	jobOutput = 64 << 20  // bytes that it may print
)

// start starts a background job. Its label has the id of the call, so that a host that dies
// before the agent gets the answer can be followed by one that knows.
func (h *host) start(ctx context.Context, c call) (answer, error) {
	var in command
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	r, err := h.jobs.Start(ctx, jobs.Spec{
		Script:      in.Command,
		Dir:         h.work.Name(),
		EnvBase:     process.EmptyEnv,
		Env:         environment(),
		Session:     h.jobLabel(c),
		MaxRuntime:  jobTime,
		OutputLimit: jobOutput,
	})
	if r.ID == "" {
		return answer{}, err
	}
	// With an error, too, there is a job, the end of which tells what was wrong.
	return answer{Text: started(r.ID), Job: r.ID}, nil
}

// started tells the agent of a job.
func started(id string) string {
	return "started as job " + id + "; you will be told when it has ended"
}

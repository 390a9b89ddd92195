package jobs

import (
	"context"
	"time"
)

// Wait waits until a job has ended, and returns its record. If ctx ends before, it returns
// the record as it is then, and why ctx has ended. Any number of processes may wait for a job.
func (s *Store) Wait(ctx context.Context, id string) (Record, error) {
	return s.await(ctx, id, Record.IsOver)
}

// await waits until a job is as it should be, or ctx has ended.
func (s *Store) await(ctx context.Context, id string, ok func(Record) bool) (Record, error) {
	d, err := s.find(id)
	if err != nil {
		return Record{}, err
	}
	changes := watch(string(d), withoutContent)
	defer changes.close()
	for {
		r, err := s.Get(id)
		if err != nil || ok(r) {
			return r, err
		}
		if err := changes.await(ctx); err != nil {
			return r, err
		}
	}
}

// content says whether a watch is about what is written to files as well.
type content int

const (
	withoutContent content = iota
	withContent
)

const (
	// soon is when to look again right after a change, as what it was part of may not be over.
	soon = 10 * time.Millisecond
	// rarely is how often to look if no change is told.
	rarely = time.Second
)

// changes is a watch over a directory. It may miss some: then await returns all the same
// after a while.
type changes struct {
	notices *notices // nil: none are to be had
	wait    time.Duration
}

// watch begins to watch a directory. One goroutine may use it at a time.
func watch(dir string, c content) *changes {
	return &changes{notices: openNotices(dir, c), wait: soon}
}

// close ends the watch.
func (c *changes) close() { c.notices.close() }

// await waits until something may have changed. The error is why ctx has ended.
func (c *changes) await(ctx context.Context) error {
	if c.notices.await(ctx, c.wait) {
		c.wait = soon
	} else {
		c.wait = min(2*c.wait, rarely)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

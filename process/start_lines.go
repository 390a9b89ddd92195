package process

import (
	"context"
	"fmt"
	"iter"
)

// StartLines starts a command, and returns its output as lines to loop over, both streams
// in one. c must have neither OnLine nor OnChunk.
//
//	p, lines, err := process.StartLines(ctx, command)
//	if err != nil {
//		return err
//	}
//	for line := range lines {
//		fmt.Printf("%s\n", line.Text)
//	}
//	fmt.Println(p.Exit())
//
// Nothing is dropped, however long the loop takes: about 1 MiB is read ahead, and then the
// command has to wait. What waits when the command has ended is kept for the loop.
//
// The loop ends when the command has, and Exit is then not nil. Leaving it early stops the
// command with Command.Stop, and waits for its end. So does the end of ctx at any moment,
// whether or not somebody loops, and what was printed before is still handed out; Exit.Reason
// tells it. If the command is stuck (see ErrStuck), the loop ends without a report.
//
// The lines are there once: a second loop has none of the first.
func StartLines(ctx context.Context, c Command) (*Process, iter.Seq[Line], error) {
	if c.OnLine != nil || c.OnChunk != nil {
		err := fmt.Errorf("%w: OnLine or OnChunk is set", errCommand)
		return nil, nil, newStartError(c, err)
	}
	var q *queue
	p, err := c.start(ctx, func(captures []*capture) []*queue {
		q = newQueue(PauseCommand, c.maxLine(), len(captures), nil)
		for _, each := range captures {
			each.sink = c.lineSink(q, each.stream)
		}
		return []*queue{q}
	})
	if err != nil {
		return nil, nil, err
	}
	stuck := make(chan struct{})
	go p.stopAfter(ctx, func() { close(stuck); q.abandon() }) // until Done, or a stop that failed
	return p, func(yield func(Line) bool) {
		left := true // early, be it by a panic
		defer func() {
			if left {
				q.abandon()
				p.Stop(context.Background(), Ladder{}, "its output is not wanted any more")
			}
		}()
		for {
			i, ok := q.take()
			if !ok {
				break
			}
			if !yield(i.line()) {
				return
			}
		}
		left = false
		select { // the end of the output is not that of the command
		case <-p.done:
		case <-stuck:
		}
	}, nil
}

// stopAfter stops p when ctx ends. If that does not succeed, it calls stuck.
func (p *Process) stopAfter(ctx context.Context, stuck func()) {
	select {
	case <-p.done:
	case <-ctx.Done():
		if p.Stop(context.Background(), Ladder{}, contextError(ctx).Error()) != nil {
			stuck()
		}
	}
}

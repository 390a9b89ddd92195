//go:build unix

package jobs

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kinwire/kinwire/process"
)

// finish writes down how the command ended, once nothing of it is left.
func (r *recorder) finish(e *process.Exit) {
	end := r.endingOf(e)
	if !killRest() {
		end.note("something that it started can't be killed")
	}
	switch err := r.output.close(); {
	case err != nil && r.output.lost > 0:
		end.note(fmt.Sprintf("%d bytes of its output could not be kept: %v", r.output.lost, err))
	case err != nil:
		end.note(fmt.Sprintf("its output may not be whole: %v", err))
	}
	end.Output = r.output.size
	step("ended")
	data, err := encode(end)
	if err != nil {
		panic(err) // strings and numbers
	}
	r.persist(data)
	hintAt(r.dir)
	step("recorded")
}

// persist writes the ending down, and tries for as long as it takes: nobody else knows. It gives
// up when somebody has removed the job.
func (r *recorder) persist(data []byte) {
	const longest = 10 * time.Second
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, longest) {
		err := r.ending.commit(data)
		if err == nil {
			return
		}
		if r.dir.isGone() {
			return
		}
		if errors.Is(err, fs.ErrNotExist) && writeFile(r.dir.file(endingName), data) == nil {
			return // somebody has removed what was reserved
		}
		time.Sleep(wait)
	}
}

// endingOf translates the exit report.
func (r *recorder) endingOf(e *process.Exit) ending {
	end := ending{
		versioned:   versioned{version},
		summary:     r.request.summary,
		Started:     r.started,
		Ended:       now(),
		Duration:    e.Duration,
		UserTime:    e.UserTime,
		SystemTime:  e.SystemTime,
		MaxRSS:      e.MaxRSS,
		OutOfMemory: e.OutOfMemory.String(),
		Reason:      e.Reason,
	}
	switch e.State {
	case process.Exited:
		end.ExitCode = &e.Code
	case process.Signaled:
		end.Signal = process.SignalName(e.Signal)
	}
	end.State = stateOf(e)
	if e.Limit == process.OutputLimit && e.Reason == "" {
		end.note("it printed more than it may, and had ended before it could be stopped for that")
	}
	return end
}

// stateOf says what kind of end it was. What the host wanted counts only if the command had
// not ended by itself, and is then the first that was wanted.
func stateOf(e *process.Exit) State {
	switch {
	case e.Limit == process.TotalLimit:
		return TimedOut
	case e.Limit == process.OutputLimit && e.Reason != "":
		return Failed
	case e.Reason != "":
		return Killed
	case e.State == process.Unknown:
		return Lost
	case e.Success():
		return Succeeded
	}
	return Failed
}

// note adds a note.
func (e *ending) note(text string) {
	if e.Note != "" {
		e.Note += "; "
	}
	e.Note += text
}

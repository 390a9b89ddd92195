package jobs

import (
	"bytes"
	"encoding/json"
	"time"
)

// Record is what is known of a job at a moment. In JSON, what is not known is null.
type Record struct {
	ID      string
	Command []string
	Script  string // the beginning of Spec.Script
	Dir     string
	Session string

	State State
	// ExitCode is the exit status. Nil: there is none, or it is not known.
	ExitCode *int
	// Signal is what killed the command, such as "SIGKILL". Empty: none did, or it is not known.
	Signal string
	// Reason is why it was stopped, or could not be started.
	Reason string
	// Note is what else one should know, such as that the recorder is lost.
	Note string
	// OutOfMemory is "yes" if the kernel killed anything of the command for want of memory,
	// "no", or "unknown".
	OutOfMemory string

	// PID is the process id of the command, while it runs and is known. It is for people.
	PID int
	// StartedAt and EndedAt are by the clock on the wall. EndedAt is zero of a job that runs;
	// of a Lost one it is when that was found out.
	StartedAt, EndedAt time.Time
	// Duration is how long the command ran, or has been running, whatever happened to the
	// clock on the wall. It is 0 if that is not known.
	Duration   time.Duration
	MaxRuntime time.Duration // negative: no limit
	// OutputBytes is how much the command has printed; of a job that runs, or whose recorder was
	// lost, as far as it is kept.
	OutputBytes int64

	FollowUp FollowUp
}

// FollowUp is how far dealing with the end of a job is.
type FollowUp struct {
	State    FollowUpState
	Attempts int       // that were begun
	NextTry  time.Time // of a pending one: not before; zero: at once
	Error    string    // of the last attempt
	AckedAt  time.Time
}

// IsOver reports whether the job has ended.
func (r Record) IsOver() bool { return r.State != Running }

// MarshalJSON writes what `kinwire job --json` prints.
func (r Record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // that is for whoever encodes the whole to say
	err := enc.Encode(recordJSON{
		ID: r.ID, State: r.State, ExitCode: r.ExitCode, Signal: orNull(r.Signal),
		Command: r.Command, Script: orNull(r.Script), Dir: r.Dir, Session: r.Session,
		StartedAt: timeOrNull(r.StartedAt), EndedAt: timeOrNull(r.EndedAt),
		DurationMS: millisOrNull(r.Duration), MaxRuntimeMS: max(0, r.MaxRuntime.Milliseconds()),
		PID: pidOrNull(r.PID), Reason: orNull(r.Reason), Note: orNull(r.Note),
		OutOfMemory: r.OutOfMemory, OutputBytes: r.OutputBytes,
		Acked: r.FollowUp.State == AckedFollowUp,
		FollowUp: followUpJSON{
			State: r.FollowUp.State, Attempts: r.FollowUp.Attempts, Error: orNull(r.FollowUp.Error),
			NextTry: timeOrNull(r.FollowUp.NextTry), AckedAt: timeOrNull(r.FollowUp.AckedAt),
		},
	})
	return b.Bytes(), err
}

// recordJSON is a Record in JSON.
type recordJSON struct {
	ID           string       `json:"id"`
	State        State        `json:"state"`
	ExitCode     *int         `json:"exit_code"`
	Signal       *string      `json:"signal"`
	Command      []string     `json:"command"`
	Script       *string      `json:"script"`
	Dir          string       `json:"dir"`
	Session      string       `json:"session"`
	StartedAt    *time.Time   `json:"started_at"`
	EndedAt      *time.Time   `json:"ended_at"`
	DurationMS   *int64       `json:"duration_ms"`
	MaxRuntimeMS int64        `json:"max_runtime_ms"` // 0: no limit
	PID          *int         `json:"pid"`
	Reason       *string      `json:"reason"`
	Note         *string      `json:"note"`
	OutOfMemory  string       `json:"out_of_memory"`
	OutputBytes  int64        `json:"output_bytes"`
	Acked        bool         `json:"acked"`
	FollowUp     followUpJSON `json:"follow_up"`
}

type followUpJSON struct {
	State    FollowUpState `json:"state"`
	Attempts int           `json:"attempts"`
	NextTry  *time.Time    `json:"next_try"`
	Error    *string       `json:"error"`
	AckedAt  *time.Time    `json:"acked_at"`
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func millisOrNull(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}

func pidOrNull(pid int) *int {
	if pid == 0 {
		return nil
	}
	return &pid
}

// timeOrNull leaves milliseconds. A time that JSON has no form for is no time.
func timeOrNull(t time.Time) *time.Time {
	t = t.UTC().Round(time.Millisecond)
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return &t
}

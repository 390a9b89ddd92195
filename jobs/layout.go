package jobs

import (
	"path/filepath"
	"time"

	"github.com/kinwire/kinwire/process"
)

// The files of a job. Each is written by one process at a time: the host until the recorder
// runs, then the recorder, and of a job without a recorder who holds its lock.
const (
	requestName  = "job.json"     // what is to run; written before it runs, and never again
	runningName  = "process.json" // the processes that there are
	endingName   = "exit.json"    // how it ended
	followUpName = "followup.json"
	killName     = "kill.json"     // that somebody wants the end, and why; written by the first who does
	lockName     = "lock"          // locked by the recorder for as long as it lives
	turnName     = "followup.lock" // locked by who writes followup.json
	controlName  = "control"       // a FIFO through which the recorder is woken
	scriptName   = "script"
	stdinName    = "stdin"
	outputPrefix = "output-" // and where in the output the file begins
)

// jobDir is the directory of a job.
type jobDir string

// file returns the path of one of its files.
func (d jobDir) file(name string) string { return filepath.Join(string(d), name) }

// id returns the id of the job.
func (d jobDir) id() string { return filepath.Base(string(d)) }

// summary is what is known of a job from its beginning on.
type summary struct {
	ID         string        `json:"id"`
	Command    []string      `json:"command"`
	Script     string        `json:"script,omitempty"` // its beginning
	Dir        string        `json:"dir"`
	Session    string        `json:"session,omitempty"`
	MaxRuntime time.Duration `json:"max_runtime_ns"` // negative: none
	Created    stamp         `json:"created"`
}

// request is what is to run.
type request struct {
	versioned
	summary
	Env         []string         `json:"env,omitempty"`
	EmptyEnv    bool             `json:"empty_env,omitempty"`
	HasScript   bool             `json:"has_script,omitempty"`
	HasStdin    bool             `json:"has_stdin,omitempty"`
	OutputLimit int64            `json:"output_limit,omitempty"`
	OutputKept  int64            `json:"output_kept"`
	Rlimits     []process.Rlimit `json:"rlimits,omitempty"`
	Cgroup      process.Cgroup   `json:"cgroup,omitzero"`
	Stop        process.Ladder   `json:"stop,omitzero"`
	Exact       *exact           `json:"exact,omitempty"` // nil: all is text
}

// running is the processes of a job that has not ended.
type running struct {
	versioned
	Recorder identity  `json:"recorder"`
	Command  *identity `json:"command,omitempty"` // nil: it may be about to start
	Started  stamp     `json:"started"`
}

// killing is that somebody wants the end of a job.
type killing struct {
	versioned
	Reason string `json:"reason"`
	By     int    `json:"by_pid"` // for people
	At     stamp  `json:"at"`
}

// ending is how a job ended. It has all that a list of jobs shows, so that one file is enough.
type ending struct {
	versioned
	summary
	State       State         `json:"state"`
	ExitCode    *int          `json:"exit_code"`
	Signal      string        `json:"signal,omitempty"`
	Reason      string        `json:"reason,omitempty"`
	Note        string        `json:"note,omitempty"`
	OutOfMemory string        `json:"out_of_memory,omitempty"`
	Started     stamp         `json:"started"`
	Ended       stamp         `json:"ended"`
	Duration    time.Duration `json:"duration_ns"`
	UserTime    time.Duration `json:"user_time_ns,omitempty"`
	SystemTime  time.Duration `json:"system_time_ns,omitempty"`
	MaxRSS      int64         `json:"max_rss,omitempty"`
	Output      int64         `json:"output_bytes"`
}

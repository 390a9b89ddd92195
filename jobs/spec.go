package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kinwire/kinwire/process"
)

// What holds where a Spec does not say.
const (
	DefaultMaxRuntime = time.Hour
	DefaultOutputKept = 16 << 20
)

// Spec says what to run. Args or Script is required. Start keeps nothing of it.
type Spec struct {
	// Args is the program and its arguments, as in process.Command. With Script, it is the
	// interpreter, which gets the path of the script as one more argument.
	Args []string
	// Script is the text of a script. It is run from a file of the job's, so that it may be
	// long and is not shown by ps. Args is /bin/sh if it is empty.
	Script string

	// Dir is the working directory. Empty: the host's. A relative one starts there.
	Dir string
	// Env amends the environment that EnvBase names, as in process.Command. The command
	// finds its job's id in KINWIRE_JOB.
	Env     []string
	EnvBase process.EnvBase
	// Stdin is what the command reads from standard input. Nil: nothing.
	Stdin []byte

	// Session is a label, by which jobs can be listed.
	Session string

	// MaxRuntime is how long the command may take; then it is stopped. Only time in which the
	// machine runs counts. If zero, 1 h. If negative, there is no limit.
	MaxRuntime time.Duration
	// OutputLimit is how many bytes the command may print; then it is stopped. If zero or
	// negative, there is no limit.
	OutputLimit int64
	// OutputKept is how many bytes of the output are kept on the disk: its head, a quarter of
	// this, and its tail. If zero, 16 MiB. If negative, all of it. At least 64 KiB are kept.
	OutputKept int64

	// Rlimits and Cgroup bound what the command may use, as in process.Command. Only of a
	// command in a Cgroup is it known whether it ran out of memory.
	Rlimits []process.Rlimit
	Cgroup  process.Cgroup
	// Stop has the steps of every stop.
	Stop process.Ladder
}

// environment variable of a job's processes
const jobVar = "KINWIRE_JOB"

// scriptShown is how many bytes of a script its record shows.
const scriptShown = 200

// request checks a Spec, and returns it as what is written down.
func (s Spec) request(at stamp) (request, error) {
	switch {
	case len(s.Args) == 0 && s.Script == "":
		return request{}, errors.New("neither Args nor Script is set")
	case len(s.Args) > 0 && s.Args[0] == "":
		return request{}, errors.New("no program: Args[0] is empty")
	}
	dir, err := filepath.Abs(cmp.Or(s.Dir, "."))
	if err != nil {
		return request{}, err
	}
	for _, text := range append(append([]string{dir}, s.Args...), s.Env...) {
		if strings.ContainsRune(text, 0) {
			return request{}, fmt.Errorf("NUL byte in %q", text)
		}
	}
	r := request{
		versioned: versioned{version},
		summary: summary{
			ID:         newID(at.Wall),
			Command:    s.Args,
			Script:     clip(s.Script, scriptShown),
			Dir:        dir,
			Session:    s.Session,
			MaxRuntime: cmp.Or(s.MaxRuntime, DefaultMaxRuntime),
			Created:    at,
		},
		Env:         s.Env,
		EmptyEnv:    s.EnvBase == process.EmptyEnv,
		HasScript:   s.Script != "",
		HasStdin:    s.Stdin != nil,
		OutputLimit: s.OutputLimit,
		OutputKept:  cmp.Or(s.OutputKept, DefaultOutputKept),
		Rlimits:     s.Rlimits,
		Cgroup:      s.Cgroup,
		Stop:        s.Stop,
	}
	if len(r.Command) == 0 {
		r.Command = []string{"/bin/sh"}
	}
	r.Exact = exactly(r.Command, r.Env, r.Dir)
	return r, nil
}

// command returns what the recorder runs.
func (r request) command(d jobDir, stdin *os.File) process.Command {
	r = r.asMeant()
	c := process.Command{
		Args:    r.Command,
		Dir:     r.Dir,
		Env:     append(append([]string(nil), r.Env...), jobVar+"="+r.ID),
		Stdin:   stdin,
		Streams: process.OneStream,
		Rlimits: r.Rlimits,
		Limits:  process.Limits{Output: r.OutputLimit, Total: r.MaxRuntime},
		Stop:    r.Stop,
		Scope:   process.OwnSession,
		HostEnd: process.OutliveHost,
		Cgroup:  r.Cgroup,
		// The disk may be slow, and the recorder has nothing else to do.
		WhenSlow: process.PauseCommand,
		Drain:    -1,
	}
	if r.EmptyEnv {
		c.EnvBase = process.EmptyEnv
	}
	if r.HasScript {
		c.Args = append(append([]string(nil), r.Command...), d.file(scriptName))
	}
	return c
}

// clip returns the beginning of a text, in whole characters.
func clip(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "") + "..."
}

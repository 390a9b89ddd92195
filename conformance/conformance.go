package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"time"

	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/transport/socketpair"
	"github.com/kinwire/kinwire/transport/stdio"
)

// Worker is how the program under test is started. Only Command is required.
type Worker struct {
	// Command is the program and its arguments. A program without a slash is looked up in
	// the PATH; with one, a relative path starts from Dir.
	Command []string
	// Dir is the working directory. Empty: the caller's.
	Dir string
	// Env amends the caller's environment: "NAME=value" sets, "NAME" alone removes.
	Env []string
}

// Options are how a worker is tested. The zero value runs all there is.
type Options struct {
	// Transports are the names of those to run over: "socketpair", "stdio". If empty, all
	// that this system has.
	Transports []string
	// Cases chooses cases by patterns of path.Match over their names, with the transport
	// before them or without: "ping/*", "stdio/start/handshake". If empty, all.
	Cases []string
	// Parallel is how many cases run at a time. If zero or negative, four for each
	// processor: most of them wait.
	Parallel int
	// StartTimeout is how long the worker may take to answer Initialize. If zero or
	// negative, 10 s.
	StartTimeout time.Duration
	// Budget is how much time all cases have together. What has not run by then fails, or is
	// skipped unless the worker has let several cases wait in vain. What the program itself was stopped for
	// is not counted. If zero or negative, 100 s. The last results come within 10 s of its end.
	Budget time.Duration

	// answerTime is how long the worker may take for what is due at once. If zero, 10 s.
	answerTime time.Duration
}

// Case is one rule of the protocol, as far as it can be seen from outside of a worker.
type Case struct {
	// Name says the rule: an area, a slash, and words joined by hyphens.
	Name string
	// Section is the heading of the rule's section in SPEC.md, such as "6. Handshake", and
	// Link leads there from the root of the repository.
	Section, Link string
	// About is the rule in a sentence.
	About string
}

// Cases returns all cases, in the order in which their results come.
func Cases() []Case {
	all := make([]Case, 0, len(definitions))
	for _, d := range definitions {
		all = append(all, d.Case)
	}
	return all
}

// Verdict is what came of a case.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "PASS" // the rule is kept; there may be warnings
	Fail Verdict = "FAIL" // it is broken
	Skip Verdict = "SKIP" // the worker or the system lacks what the case needs
)

// Result is what came of a case on one transport.
type Result struct {
	Case      Case
	Transport string
	Verdict   Verdict
	// NotRun is true of a Skip that is due to the lack of time alone: Options.Budget was used
	// up, and not by a worker that lets cases wait in vain. Nothing is known of the rule.
	NotRun bool
	// Why is one line: what went wrong, or what the case lacks. Empty at a Pass.
	Why string
	// Expected and Got are both sides of a failure in full, and Bytes is the frame in
	// question in hex, its middle left out if it is long. Each may be empty.
	Expected, Got, Bytes string
	// Frames are the last ones that were sent and received before a failure, one a line.
	Frames []string
	// Stderr is what the worker had printed last when the case failed, if it had ended.
	Stderr string
	// Warnings are what is allowed and yet not as it should be, such as leniency towards a
	// host that breaks a rule.
	Warnings []string
	// Took is how long the case ran.
	Took time.Duration
}

// Name returns the transport, a slash, and the name of the case.
func (r Result) Name() string { return r.Transport + "/" + r.Case.Name }

// transports are those that there are, by name.
var transports = map[string]transport.Transport{
	"socketpair": socketpair.Transport{},
	"stdio":      stdio.Transport{},
}

// Transports returns the names of the transports of this system, in the order in which their
// results come.
func Transports() []string {
	if runtime.GOOS == "windows" {
		return []string{"stdio"}
	}
	return []string{"socketpair", "stdio"}
}

func (o Options) transports() []string {
	if len(o.Transports) == 0 {
		return Transports()
	}
	return o.Transports
}

func (o Options) parallel() int {
	if o.Parallel <= 0 {
		return 4 * runtime.GOMAXPROCS(0)
	}
	return o.Parallel
}

func (o Options) startTimeout() time.Duration { return cmp.Or(max(o.StartTimeout, 0), 10*time.Second) }
func (o Options) answers() time.Duration      { return cmp.Or(o.answerTime, 10*time.Second) }
func (o Options) budget() time.Duration       { return cmp.Or(max(o.Budget, 0), 100*time.Second) }

// check tells what is wrong with the options before anything is started.
func (o Options) check() error {
	for _, name := range o.transports() {
		if !slices.Contains(Transports(), name) {
			return fmt.Errorf("conformance: there is no transport %q here, but %q", name, Transports())
		}
	}
	for _, pattern := range o.Cases {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("conformance: the pattern %q: %w", pattern, err)
		}
		if one := (Options{Transports: o.Transports, Cases: []string{pattern}}); len(one.Plan()) == 0 {
			return fmt.Errorf("conformance: no case is called %q", pattern)
		}
	}
	return nil
}

// check tells what is wrong with the worker before anything is started.
func (w Worker) check() error {
	if len(w.Command) == 0 || w.Command[0] == "" {
		return errors.New("conformance: Worker.Command names no program")
	}
	return nil
}

package parent

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/internal/peer"
	"github.com/kinwire/kinwire/process"
	"github.com/kinwire/kinwire/transport"
	"github.com/kinwire/kinwire/wire"
)

// Spec says which worker to start and how to supervise it. Only Command is required, and
// for [Attach] not even that. The zero value of every option is its default; a negative
// one means none.
type Spec struct {
	// Command is the worker's program and its arguments. A program without a slash is
	// looked up in PATH.
	Command []string
	// Dir is the worker's working directory. If empty, the host's.
	Dir string
	// Env amends the host's environment: "NAME=value" sets and "NAME" removes.
	Env []string

	// Rlimits bound what each process of the worker may use. Its runtime and the SDK need
	// memory, descriptors and threads as well.
	Rlimits []process.Rlimit
	// Cgroup holds the worker and all that descends from it. The zero Cgroup holds nothing.
	Cgroup process.Cgroup

	// Name is what the worker is called in logs and errors. If empty, the base name of
	// its program.
	Name string
	// Transport makes the link. If nil, socketpair.Transport, and on Windows
	// stdio.Transport.
	Transport transport.Transport
	// Config is handed to the worker's Init. It can be anything that msgpack can encode.
	Config any
	// Handlers answer what the worker calls on its host. Their context is one from which
	// a call back into the same worker fails rather than waits for a place.
	Handlers exchange.Handlers
	// Logger takes the worker's output and log messages, and what supervision has to say,
	// each line with the fields worker and pid, the name and the process id. (Fields of
	// the worker that are called so too get an underscore.) Nothing waits for it: what
	// it is too slow to take is dropped and counted. If nil, nothing is logged.
	Logger *zap.Logger
	// LogLevel is the least level of the worker's log messages. If zero, info.
	LogLevel zapcore.Level

	// StartTimeout is how long the worker has until it is ready. If zero, 10 s; if
	// negative, as long as it takes.
	StartTimeout time.Duration
	Health       Health
	Memory       Memory
	Stop         Stop
	Limits       Limits

	// OnEvent, if set, is told of everything that happens to the worker: from its start,
	// of which Start has not returned yet, to StateChanged to Exited, which is the last. It
	// is called with one event at a time, in their order, by a goroutine that is there
	// only while it has something to tell. Nothing waits for it: up to 256 events may, what
	// comes beyond is dropped, and told by EventsLost. The last one is never dropped, and
	// comes before Done closes, unless OnEvent takes longer than 1 s by then. It may call
	// any method of the worker, though one that waits for the worker's end costs that 1 s.
	OnEvent func(*Worker, Event)

	// Spin is for how long a call polls the link before it waits. It takes a third off the
	// time of a small call if the worker does the same, see child.Worker. It costs up to
	// that much processor time for each wait of the host, except that a link whose waits
	// are longer is hardly polled; so it is for hosts that wait for their workers one call
	// at a time, on a machine with processors to spare. With a single processor nothing is
	// polled. 30 µs suits most machines: less is shorter than it takes to wake a thread.
	// If zero or negative, nothing is polled.
	Spin time.Duration
}

// Health says how the worker is watched.
type Health struct {
	// Interval is the time from one ping to the next. A worker that has no calls, and has
	// answered so far, is pinged more and more rarely, down to about every four intervals,
	// at the same moments as others like it, and so its silence is noticed as much later;
	// the next call, or anything that is not as it should be, ends that. If zero, 2.5 s; if
	// negative, the worker is not pinged.
	Interval time.Duration
	// Timeout is how long a ping may go unanswered until the worker is unresponsive: it
	// is made to dump its stacks, and killed. Time in which the host itself did not run
	// does not count, be it that it was stopped, had no processor, or that the machine was
	// suspended; and after such a time two more pings must go unanswered. If zero, 60 s; if
	// negative, for ever.
	Timeout time.Duration
	// SlowPong is the round trip from which there is an event SlowPong, every 30 s at
	// most. If zero, 0.5 s; if negative, there is none.
	SlowPong time.Duration
	// Misses is how many pings in a row must be unanswered by the next one until the
	// worker is unhealthy. It has recovered once it answers a ping before the next one.
	// If zero, 2; if negative, it never becomes unhealthy.
	Misses int
	// Stuck is from when on a worker that answers its pings is told to be stuck, once until
	// that is over: its main loop has not turned for so long, as it says itself, or a call
	// has not ended for so long after its caller has left, as the context has ended. A
	// handler without a deadline may take as long as it likes. It is noticed with the
	// pings, and there is no other consequence than the event Stuck, unless the worker is one
	// of a pool, which replaces it for such calls. If zero, 10 s; if negative, it is not
	// looked for.
	Stuck time.Duration
	// OnUnhealthy, if set, is called when the worker becomes unhealthy, and again only
	// after it has recovered meanwhile. It is called in turn with Spec.OnEvent, by the same
	// goroutine.
	OnUnhealthy func(*Worker)
}

// Memory says how much memory the worker's processes may need: it and whatever descends
// from it, or is in its group. Only Linux tells how much that is without counting shared
// memory twice, see [MemoryUse].
//
// One goroutine measures for all workers of the host. It takes 1 % of a processor at the most
// for all that need less than what is asked for here, and 10 % for a closer look at the
// others: where this is too little, it measures more rarely.
// A measure is no wall: a worker may need much between two of them, and before it is ready.
type Memory struct {
	// Warn is from how many bytes on there is an event HighMemory: again after 120 s, or
	// with every 50 MB more. If zero or negative, there is none.
	Warn int64
	// Limit is over how many bytes the worker is shut down, as by ShutdownFor with the
	// figures for a reason. At twice as much it is killed. If zero or negative, there is
	// no limit.
	Limit int64
	// Interval is the time from one measure to the next. If zero, 5 s, unless neither Warn
	// nor Limit is set; if negative, nothing is measured.
	Interval time.Duration
}

// Stop says how much time each step of a shutdown has.
type Stop struct {
	// Grace is how long the worker's handlers may still run after Shutdown. If zero,
	// 10 s; if negative, not at all.
	Grace time.Duration
	// Term is how long it has to exit after SIGTERM. If zero, 3 s; if negative, SIGTERM
	// is left out.
	Term time.Duration
	// Kill is how long is waited for its end after SIGKILL. If zero, 1 s; if negative, as
	// long as it takes.
	Kill time.Duration
}

// Limits are what the host announces to the worker.
type Limits struct {
	// MaxFrame is the largest frame that the host accepts, in bytes. If zero, 16 MiB; the
	// least is 4096.
	MaxFrame int
	// Window is how many bytes of a stream the worker may send ahead of whoever receives
	// them. If zero, 512 KiB.
	Window int
	// Concurrency is how many calls the worker may have open with its host. If zero, 64;
	// if negative, any number.
	Concurrency int
}

// farewell is what a worker has for its last message after the grace, and to exit once its
// link has ended.
const farewell = time.Second

func (s *Spec) name() string {
	switch {
	case s.Name != "":
		return s.Name
	case len(s.Command) > 0:
		return filepath.Base(s.Command[0])
	}
	return "worker"
}

func (s *Spec) transport() transport.Transport {
	if s.Transport != nil {
		return s.Transport
	}
	return defaultTransport
}

func (s *Spec) logger() *zap.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return zap.NewNop()
}

func (s *Spec) startTimeout() time.Duration { return cmp.Or(s.StartTimeout, 10*time.Second) }

func (h *Health) interval() time.Duration { return cmp.Or(h.Interval, 2500*time.Millisecond) }
func (h *Health) timeout() time.Duration  { return cmp.Or(h.Timeout, 60*time.Second) }
func (h *Health) slowPong() time.Duration { return cmp.Or(h.SlowPong, 500*time.Millisecond) }
func (h *Health) misses() int             { return cmp.Or(h.Misses, 2) }
func (h *Health) stuck() time.Duration    { return cmp.Or(h.Stuck, 10*time.Second) }

// step is how often to look while a ping is awaited: soon after a time limit has come, and
// often enough to see whether the host runs.
func (h *Health) step() time.Duration {
	step := h.interval()
	if t := h.timeout(); t > 0 {
		step = min(step, t/4)
	}
	if s := h.slowPong(); s > 0 {
		step = min(step, s)
	}
	return max(step, time.Millisecond)
}

// interval returns 0 if nothing is to be measured.
func (m *Memory) interval() time.Duration {
	if m.Interval == 0 && m.Warn <= 0 && m.Limit <= 0 {
		return 0
	}
	return max(0, cmp.Or(m.Interval, 5*time.Second))
}

func (s *Stop) grace() time.Duration { return max(0, cmp.Or(s.Grace, 10*time.Second)) }

func (l *Limits) maxFrame() int { return cmp.Or(l.MaxFrame, wire.DefaultMaxFrame) }
func (l *Limits) window() int   { return cmp.Or(l.Window, peer.DefaultWindow) }
func (l *Limits) concurrency() int {
	if l.Concurrency < 0 {
		return math.MaxInt32 // which no one ever has open; 0 would be the default
	}
	return cmp.Or(l.Concurrency, wire.DefaultHostConcurrency)
}

// check finds limits that no worker would accept.
func (l *Limits) check() error {
	switch {
	case l.MaxFrame != 0 && l.MaxFrame < wire.LeastMaxFrame:
		return fmt.Errorf("Limits.MaxFrame is %d; the least is %d", l.MaxFrame, wire.LeastMaxFrame)
	case l.Window < 0:
		return fmt.Errorf("Limits.Window is %d", l.Window)
	}
	return nil
}

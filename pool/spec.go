package pool

import (
	"cmp"
	"math"
	"runtime"
	"time"

	"github.com/kinwire/kinwire/parent"
)

// Spec says which workers to run, how many, and what to do when they fail. Only Worker is
// required. The zero value of every option is its default; a negative one means none.
type Spec struct {
	// Worker is what each worker is started by.
	Worker parent.Spec
	// PerWorker is how many calls a worker has at a time. A worker that announces that it
	// takes fewer has fewer. If zero or negative, as many as it announces.
	PerWorker int
	// Starting is how many workers may be starting at a time; the first one of a Reload comes
	// on top of that. If zero, as many as there are processors, and at least 2; if negative,
	// any number.
	Starting int
	// Drain is how long a worker that is replaced may work on what it has and somebody waits
	// for. Then it is shut down, as Worker.Stop says, and so calls that were given up have
	// Stop.Grace to end. If zero, 10 min; if negative, as long as it takes.
	Drain time.Duration

	Size    Size
	Queue   Queue
	Recycle Recycle
	Restart Restart

	// OnEvent, if set, is told what happens to the workers, one event after the other. It
	// may take its time: the pool does not wait for it, and drops events, counted in
	// [Event.Missed], while 1,024 are waiting.
	OnEvent func(Event)
}

// Size says how many workers there are.
type Size struct {
	// Min is how many workers are kept. If zero, Max, and if that is zero too, as many as
	// there are processors; if negative, none: the first call starts one.
	Min int
	// Max is how many there may be: while calls wait that are not for the worker of a key,
	// workers are added. If zero, Min. It is never less than Min or 1.
	Max int
	// Idle is how long a worker above Min may have nothing to do until it ends. If zero,
	// 1 min; if negative, it stays.
	Idle time.Duration
	// Spares is how many more workers are ready and have no calls: one takes the place of
	// a worker that ends, or is the next one when workers are added, without the wait for
	// a start. If zero or negative, none.
	Spares int
	// Keys is for how many keys of [Pool.Sticky] is remembered which worker has them; the
	// key that was not used for longest is forgotten first. If zero, 10,000; if negative,
	// any number.
	Keys int
}

// Queue says how calls wait when all workers have as many as they take.
type Queue struct {
	// Max is how many calls may wait. A further one fails at once. If zero, 1,000; if
	// negative, none.
	Max int
	// Timeout is how long a call waits for a worker until it fails. If zero, 30 s; if
	// negative, as long as its context lets it.
	Timeout time.Duration
}

// Recycle says when a worker that is well is replaced: its successor is started first, and
// what it works on is finished. Everything is off by default, so that zero is none as well.
//
// One thing is always on, unless Health.Stuck of Worker is negative: a worker in which a call
// has not ended for that time (10 s) after its caller has left is replaced, with [CauseStuck],
// as soon as it has no other call, or no room for one.
type Recycle struct {
	// Uses is how many calls a worker has at the most, exactly; sessions count as one. Up
	// to 15 % less is drawn for each worker, so that not all of them end at once. The
	// successor is started when three quarters are used up; once all are, the worker ends,
	// whether there is a successor or not. With 1, each call has a fresh process of its own.
	Uses int
	// Age is how old a worker gets, up to 15 % less of which is drawn for each.
	Age time.Duration
	// Idle is how long a worker that has had calls may have none.
	Idle time.Duration
	// Memory is how many bytes a worker and its processes may need. They are measured as
	// Worker.Memory says, with a warning from here on at the latest. It should be less than
	// Memory.Limit of Worker, at which the worker ends before its successor is ready.
	Memory int64
	// Failures is after how many failed calls in a row a worker is taken out, at once, and
	// replaced. A call has failed if it ended with the code failed or panicked, or with
	// its deadline. An error with any other code is the application's, and proves that the
	// worker works; a call that its caller cancelled tells nothing. A call that goes on
	// there although its caller has left does not count against the successor.
	Failures int
}

// Restart says what happens to the place of a worker that has failed: that has died, was
// unresponsive, could not be started, was taken out for its failures, or asked to be replaced
// or needed too much memory before it had a call. All of it holds for each place by itself: one bad worker does not hold up the others.
type Restart struct {
	// Min is how long after the first failure the next worker is started. Each further one
	// doubles that, up to Max, and of each a random part, up to half, is left off. If zero,
	// 100 ms and 30 s; if negative, there is no wait.
	Min, Max time.Duration
	// Healthy is how long a worker must have lived for its failure to be the first again,
	// and for the breaker to close. If zero, 30 s; if negative, any life is enough.
	Healthy time.Duration
	// Failures is how many failures within Window open the breaker: then a worker is
	// started every Retry only. If zero, 5 in 60 s, and every 30 s; if Failures is negative,
	// the breaker never opens.
	Failures      int
	Window, Retry time.Duration
}

const (
	// hopeless is how many workers in a row may come to nothing in a place, by failing to
	// start or dying before they had a call, until no call waits for that place any more.
	hopeless = 3
	// tries is how often a call is given to a worker that dies, or leaves, before any of it
	// was sent.
	tries = 3
	// jitter is the largest part by which ages and uses are shortened.
	jitter = 0.15
	// pollEvery is how often the measure of a worker's memory is looked at.
	pollEvery = time.Second
)

func (s *Spec) starting() int {
	if s.Starting < 0 {
		return math.MaxInt32
	}
	return cmp.Or(s.Starting, max(2, runtime.GOMAXPROCS(0)))
}

func (s *Spec) drain() time.Duration { return cmp.Or(s.Drain, 10*time.Minute) }

// concurrency is how many calls a worker has that announces that it takes so many.
func (s *Spec) concurrency(announced int) int {
	most := math.MaxInt32
	for _, limit := range []int{announced, s.PerWorker, s.Recycle.Uses} {
		if limit > 0 {
			most = min(most, limit)
		}
	}
	return most
}

func (s *Size) min() int            { return max(0, cmp.Or(s.Min, s.Max, runtime.GOMAXPROCS(0))) }
func (s *Size) max() int            { return max(1, s.min(), s.Max) }
func (s *Size) idle() time.Duration { return cmp.Or(s.Idle, time.Minute) }
func (s *Size) keys() int           { return cmp.Or(s.Keys, 10_000) }

func (q *Queue) max() int               { return max(0, cmp.Or(q.Max, 1000)) }
func (q *Queue) timeout() time.Duration { return cmp.Or(q.Timeout, 30*time.Second) }

func (r *Restart) min() time.Duration     { return max(0, cmp.Or(r.Min, 100*time.Millisecond)) }
func (r *Restart) max() time.Duration     { return max(0, cmp.Or(r.Max, 30*time.Second)) }
func (r *Restart) healthy() time.Duration { return max(0, cmp.Or(r.Healthy, 30*time.Second)) }
func (r *Restart) failures() int          { return cmp.Or(r.Failures, 5) }
func (r *Restart) window() time.Duration  { return cmp.Or(r.Window, 60*time.Second) }
func (r *Restart) retry() time.Duration   { return cmp.Or(r.Retry, 30*time.Second) }

package conformance

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// Run puts a worker through the cases. It starts the worker anew for most of them, several at
// a time, and leaves none behind. Results come in the order of [Cases], one transport after
// the other, each as soon as it and those before it are there.
//
// The error is about w and o alone, and comes before anything is started. Whoever stops
// reading the results ends the run; so does the end of ctx, after which no further results
// come. The results must be read once, by one goroutine.
func Run(ctx context.Context, w Worker, o Options) (iter.Seq[Result], error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return func(yield func(Result) bool) {
		within, cancel := context.WithCancel(ctx)
		s := newSuite(w, o)
		defer s.running.Wait()
		defer cancel()
		s.running.Go(func() { spend(within, o.budget(), cancel) })
		for _, r := range s.begin(within) {
			result := <-r
			if ctx.Err() != nil || !yield(result) {
				return
			}
		}
	}, nil
}

// suite is one run of the cases.
type suite struct {
	worker  Worker
	options Options
	running sync.WaitGroup
	places  chan struct{} // one for each case that may run
	starts  chan struct{} // one for each worker that may be starting
	patience
}

func newSuite(w Worker, o Options) *suite {
	return &suite{
		worker:   w,
		options:  o,
		places:   make(chan struct{}, o.parallel()),
		starts:   make(chan struct{}, max(2, o.parallel()/2)),
		patience: patience{whole: o.answers()},
	}
}

// begin starts all that there is to do, and returns where the results will be.
func (s *suite) begin(ctx context.Context) []chan Result {
	var results []chan Result
	for _, name := range s.options.transports() {
		var chosen []job
		for _, d := range definitions {
			if s.options.selects(name, d.Name) {
				j := job{d, make(chan Result, 1)}
				chosen = append(chosen, j)
				results = append(results, j.result)
			}
		}
		s.running.Go(func() { s.overTransport(ctx, name, chosen) })
	}
	return results
}

// job is a case that was chosen, and where its result goes.
type job struct {
	*definition
	result chan Result
}

// overTransport runs the chosen cases over one transport. The first of all cases always runs,
// since it tells what the others can count on.
func (s *suite) overTransport(ctx context.Context, transport string, chosen []job) {
	first := definitions[0]
	v := &venue{suite: s, transport: transport}
	opening := s.try(ctx, v, first, nil)
	told := len(chosen) > 0 && chosen[0].definition == first
	if told {
		chosen[0].result <- opening
		chosen = chosen[1:]
	}
	if v.info == nil {
		for _, j := range chosen {
			r := Result{Case: j.Case, Transport: transport, Verdict: Fail, Why: "the worker does not start"}
			if !told { // once is enough
				told, r = true, opening
				r.Case, r.Why = j.Case, "the worker does not start: "+opening.Why
			}
			j.result <- r
		}
		return
	}
	groups := make([][]job, stages)
	for _, j := range chosen {
		if lack := v.lack(j.definition); lack != "" {
			j.result <- Result{Case: j.Case, Transport: transport, Verdict: Skip, Why: lack}
			continue
		}
		groups[j.on] = append(groups[j.on], j)
	}
	for on := stages - 1; on > alone; on-- { // they take longest, one case after the other
		if group := groups[on]; len(group) > 0 {
			s.running.Go(func() { s.share(ctx, v, on, group) })
		}
	}
	for _, j := range groups[alone] {
		s.running.Go(func() {
			s.places <- struct{}{}
			defer func() { <-s.places }()
			j.result <- s.try(ctx, v, j.definition, nil)
		})
	}
}

// share tries the cases of a stage one after the other on the same worker. After a failure
// the next one gets a new worker; after several, which may each take long, the rest are tried
// side by side.
func (s *suite) share(ctx context.Context, v *venue, on stage, group []job) {
	const several = 3
	s.places <- struct{}{}
	defer func() { <-s.places }()
	shared := &stageWorker{on: on}
	defer shared.close()
	failed := 0
	for i, j := range group {
		r := s.try(ctx, v, j.definition, shared)
		if j.result <- r; r.Verdict == Fail {
			failed++
		}
		if failed == several {
			for _, j := range group[i+1:] {
				s.running.Go(func() { s.share(ctx, v, on, []job{j}) })
			}
			return
		}
	}
}

// venue is one transport, and what is known of the worker over it.
type venue struct {
	*suite
	transport string
	// info is what the worker answers to an Initialize that offers everything; nil until the
	// first case has passed that far. took is how long that took it.
	info *wire.Initialized
	took time.Duration
}

// lack returns why a case can't be tried here, or "".
func (v *venue) lack(d *definition) string {
	for _, n := range d.needs {
		if why := n.lacks(v.info); why != "" {
			return why
		}
	}
	return ""
}

package pool

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// The policy of a place, with a clock that is not real.

func TestBackoff(t *testing.T) {
	var r Restart
	for range 100 {
		var b backoff
		for i, most := range []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000} {
			most *= time.Millisecond
			if d := b.next(&r); d < most/2 || d > most {
				t.Fatalf("wait %d is %v; want from %v to %v", i, d, most/2, most)
			}
		}
		b.reset()
		if d := b.next(&r); d > 100*time.Millisecond {
			t.Fatalf("the first wait is %v again", d)
		}
	}
	for range 100 {
		b := backoff{failures: 1 << 20} // which must not overflow
		if d := b.next(&r); d < 15*time.Second || d > 30*time.Second {
			t.Fatal(d)
		}
	}
	if d := (&backoff{}).next(&Restart{Min: -1}); d != 0 {
		t.Errorf("none is %v", d)
	}
	// Not all wait for the same time.
	different := map[time.Duration]bool{}
	for range 100 {
		different[(&backoff{}).next(&r)] = true
	}
	if len(different) < 50 {
		t.Errorf("%d different waits of 100", len(different))
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b breaker
		var r Restart
		for i := range 4 {
			if b.fail(time.Now(), &r) {
				t.Fatalf("open after %d", i+1)
			}
			time.Sleep(10 * time.Second)
		}
		time.Sleep(19999 * time.Millisecond) // the first failure is 59.999 s ago
		if !b.fail(time.Now(), &r) || !b.isOpen {
			t.Error("5 within 60 s did not open it")
		}
		if b.fail(time.Now(), &r) {
			t.Error("it opened while it was open")
		}
		if !b.close() || b.close() || b.isOpen {
			t.Error("it was not open, once")
		}
		for range 20 { // never 5 within 60 s
			if b.fail(time.Now(), &r) {
				t.Fatal("open")
			}
			time.Sleep(15 * time.Second)
		}
		r.Failures = -1
		for range 100 {
			if b.fail(time.Now(), &r) {
				t.Fatal("open")
			}
		}
	})
}

// idlePool is a pool without workers, whose places nobody fills.
func idlePool(spec Spec, places int) *Pool {
	p := newPool(spec)
	p.isReady = true
	for i := range places {
		p.slots = append(p.slots, &slot{p: p, number: i, pokes: make(chan struct{}, 1)})
	}
	return p
}

// TestPlace is the life of a place whose workers all fail.
func TestPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(Spec{}, 1)
		s := p.slots[0]
		begun := time.Now()
		starts := 0
		for time.Since(begun) < 10*time.Minute {
			p.mu.Lock()
			next, wait := s.reviewLocked(time.Now())
			if next == begin {
				starts++
				s.startedLocked()
				s.barren++
				s.failLocked(time.Now(), errTest)
				got := s.infoLocked(time.Now())
				if (got.State == SlotBroken) != (starts >= 5) || got.BreakerOpen != (starts >= 5) || got.LastError != errTest || got.RetryAt.IsZero() {
					t.Errorf("%+v", got)
				}
			}
			p.mu.Unlock()
			if next == rest {
				time.Sleep(wait)
			}
		}
		// 5 until the breaker opens, and then one every 30 s.
		if starts < 23 || starts > 26 {
			t.Errorf("%d starts in 10 min", starts)
		}
		if !p.downLocked() {
			t.Error("there is hope")
		}
	})
}

// TestOneBadPlace holds that others have nothing to do with it.
func TestOneBadPlace(t *testing.T) {
	p := idlePool(Spec{}, 2)
	bad, other := p.slots[0], p.slots[1]
	for range 10 {
		bad.barren++
		bad.failLocked(time.Now(), errTest)
	}
	if next, _ := other.reviewLocked(time.Now()); next != begin || p.downLocked() {
		t.Error("one bad place holds up another one")
	}
	if next, wait := bad.reviewLocked(time.Now()); next != rest || wait <= 0 || wait > 30*time.Second {
		t.Errorf("%v, %v", next, wait)
	}
}

func TestFailuresAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(Spec{Size: Size{Min: 1}}, 1)
		s := p.slots[0]
		for range 6 {
			s.failLocked(time.Now(), errTest)
		}
		s.current = &member{p: p, slot: s, limit: 1, born: time.Now()}
		_, wait := s.reviewLocked(time.Now())
		if wait != 30*time.Second {
			t.Errorf("looks again after %v", wait)
		}
		time.Sleep(wait - time.Millisecond)
		if s.reviewLocked(time.Now()); !s.breaker.isOpen {
			t.Error("forgotten too soon")
		}
		time.Sleep(time.Millisecond)
		if s.reviewLocked(time.Now()); s.breaker.isOpen || s.backoff.failures != 0 {
			t.Error("not forgotten after 30 s")
		}
	})
}

// TestWhichCausesAreFailures holds what a place makes of the workers that leave it.
func TestWhichCausesAreFailures(t *testing.T) {
	for _, test := range []struct {
		cause         Cause
		unused, used  bool // is a failure, of a worker without a call, and with some
		whenItHasGone bool // and not before
	}{
		{CauseDied, true, true, true},
		{CauseUnresponsive, true, true, true},
		{CauseFailures, true, true, false},
		{CauseAsked, true, false, false},
		{CauseMemory, true, false, false},
		{CauseStuck, false, false, false},
		{CauseUses, false, false, false},
		{CauseReload, false, false, false},
		{CauseDiscard, false, false, false},
	} {
		for used, want := range []bool{test.unused, test.used} {
			p := idlePool(Spec{}, 1)
			m := &member{p: p, cause: test.cause, used: used, born: time.Now()}
			left := p.slots[0].lostLocked(m)
			gone := p.slots[0].buriedLocked(m, errTest)
			if (left > 0) != (want && !test.whenItHasGone) || (gone > 0) != (want && test.whenItHasGone) {
				t.Errorf("%s after %d calls: %v, and %v", test.cause, used, left, gone)
			}
		}
	}
}

func TestDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		p := idlePool(Spec{Size: Size{Min: 1, Max: 3, Idle: time.Minute}, Recycle: Recycle{Idle: time.Hour, Memory: 1000}}, 1)
		s := p.slots[0]
		for _, test := range []struct {
			name  string
			m     member
			want  Cause
			sleep time.Duration
		}{
			{"nothing", member{idleSince: now}, "", pollEvery},
			{"another generation", member{generation: -1}, CauseReload, never},
			{"three quarters of the uses", member{lastUse: 100, used: 75, idleSince: now}, CauseUses, never},
			{"fewer", member{lastUse: 100, used: 74, idleSince: now}, "", pollEvery},
			{"much memory", member{memory: 1001}, CauseMemory, never},
			{"old", member{expires: now, idleSince: now}, CauseAge, never},
			{"nearly", member{expires: now.Add(time.Second), idleSince: now}, "", time.Second},
			{"idle", member{used: 1, idleSince: now.Add(-time.Hour)}, CauseIdle, pollEvery},
			{"never used", member{idleSince: now.Add(-2 * time.Hour)}, "", pollEvery},
			{"stuck, and nothing else", member{isStuck: true, inFlight: 1, givenUp: 1, limit: 9}, CauseStuck, never},
			{"stuck, and room beside", member{isStuck: true, inFlight: 3, givenUp: 2, limit: 4}, "", pollEvery},
			{"stuck, and no room", member{isStuck: true, inFlight: 4, givenUp: 1, limit: 4}, CauseStuck, never},
			{"stuck until a moment ago", member{isStuck: true, limit: 9, idleSince: now}, "", pollEvery},
			{"stuck, in a session", member{isStuck: true, inFlight: 1, givenUp: 1, limit: 4, session: &Session{}}, "", pollEvery},
			{"busy", member{used: 1, inFlight: 1, idleSince: now.Add(-2 * time.Hour)}, "", pollEvery},
		} {
			m := test.m
			m.p, m.slot = p, s
			if got, wait := m.dueLocked(now); got != test.want || wait != test.sleep {
				t.Errorf("%s: %q, %v; want %q, %v", test.name, got, wait, test.want, test.sleep)
			}
		}
		p.slots = append(p.slots, &slot{p: p, number: 1})
		extra := member{p: p, slot: s, idleSince: now.Add(-time.Minute)}
		if got, _ := extra.dueLocked(now); got != CauseUnneeded {
			t.Errorf("one of two, with a minimum of 1: %q", got)
		}
		p.waiting = 1
		if got, _ := extra.dueLocked(now); got != "" {
			t.Errorf("while somebody waits: %q", got)
		}
	})
}

func TestLookAhead(t *testing.T) {
	for _, test := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {4, 3}, {100, 75}} {
		if got := lookAhead(test[0]); got != test[1] {
			t.Errorf("of %d: %d", test[0], got)
		}
	}
	for range 1000 {
		if got := shortened(100); got < 85 || got > 100 {
			t.Fatal(got)
		}
		if got := shortened(6); got != 6 {
			t.Fatal(got)
		}
	}
}

func TestPick(t *testing.T) {
	p := idlePool(Spec{}, 0)
	add := func(limit, inFlight int) *member {
		s := &slot{p: p, number: len(p.members)}
		m := &member{p: p, slot: s, stage: serving, limit: limit, inFlight: inFlight}
		s.current = m
		p.members = append(p.members, m)
		return m
	}
	full := add(2, 2)
	half := add(4, 2)
	third := add(3, 1)
	if got := p.pickLocked(want{}); got != third {
		t.Errorf("%+v", got)
	}
	third.inFlight = 2
	if got := p.pickLocked(want{}); got != half {
		t.Errorf("%+v", got)
	}
	for _, spoil := range []func(*member){
		func(m *member) { m.unhealthy = true },
		func(m *member) { m.session = &Session{} },
		func(m *member) { m.holder = &waiter{} },
		func(m *member) { m.lastUse, m.used = 5, 5 },
		func(m *member) { m.slot.olds = []*member{{inFlight: 2}} },
		func(m *member) { m.slot.olds = []*member{{session: &Session{}}} },
	} {
		was := *half
		spoil(half)
		if got := p.pickLocked(want{}); got != third {
			t.Errorf("%+v", got)
		}
		*half, half.slot.olds = was, nil
	}
	third.inFlight, half.inFlight = 3, 4
	if got := p.pickLocked(want{}); got != nil {
		t.Errorf("%+v", got)
	}
	full.inFlight = 0
	if got := p.pickLocked(want{alone: true}); got != full {
		t.Errorf("%+v", got)
	}
	idle := add(1<<31-1, 0)
	full.inFlight = 1
	if got := p.pickLocked(want{}); got != idle {
		t.Errorf("%+v", got)
	}
	idle.inFlight = 1 << 20
	if got := p.pickLocked(want{}); got != idle { // of so many it is a small part
		t.Errorf("%+v", got)
	}
}

func TestDefaults(t *testing.T) {
	processors := runtime.GOMAXPROCS(0)
	for _, test := range []struct {
		size     Size
		min, max int
	}{
		{Size{}, processors, processors},
		{Size{Min: 3}, 3, 3},
		{Size{Max: 3}, 3, 3},
		{Size{Min: 2, Max: 5}, 2, 5},
		{Size{Min: 5, Max: 2}, 5, 5},
		{Size{Min: -1, Max: 5}, 0, 5},
		{Size{Min: -1}, 0, 1},
	} {
		if test.size.min() != test.min || test.size.max() != test.max {
			t.Errorf("%+v: %d, %d", test.size, test.size.min(), test.size.max())
		}
	}
	for _, test := range []struct{ announced, perWorker, uses, want int }{
		{0, 0, 0, 1<<31 - 1}, {5, 0, 0, 5}, {5, 3, 0, 3}, {2, 3, 0, 2}, {0, 3, 0, 3}, {0, -1, 0, 1<<31 - 1}, {5, 3, 1, 1},
	} {
		s := Spec{PerWorker: test.perWorker, Recycle: Recycle{Uses: test.uses}}
		if got := s.concurrency(test.announced); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

func TestKeys(t *testing.T) {
	var k keys
	a, b := &member{}, &member{}
	for i, key := range []string{"1", "2", "3", "1", "4"} {
		k.bind(key, []*member{a, b}[i%2], 3)
	}
	for key, want := range map[string]*member{"1": b, "2": nil, "3": a, "4": a} {
		if k.find(key) != want {
			t.Errorf("%s", key)
		}
	}
	k.forget(a)
	if k.find("3") != nil || k.find("1") != b || k.used.Len() != 1 || len(k.byKey) != 1 {
		t.Errorf("%v", k)
	}
	for range 100 {
		k.bind("x", a, -1)
	}
	if k.used.Len() != 2 {
		t.Errorf("%d", k.used.Len())
	}
}

var errTest = errors.New("test")

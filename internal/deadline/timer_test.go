package deadline

import (
	"testing"
	"testing/synctest"
	"time"
)

// passes waits until the timer has passed.
func (t *Timer) passes() {
	for {
		if <-t.Fired(); t.Passed() {
			return
		}
	}
}

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		l := New(10 * time.Second)
		l.passes()
		if time.Since(begun) != 10*time.Second {
			t.Errorf("after %v", time.Since(begun))
		}
		for _, test := range []struct{ whole, late, more time.Duration }{
			{10 * time.Second, tolerance, 9 * time.Second}, // as if it were on time
			{10 * time.Second, 3 * time.Second, 9 * time.Second},
			{10 * time.Second, time.Hour, 9 * time.Second},
			{time.Second, tolerance, tolerance},
			{time.Second, 2 * tolerance, least},
			{time.Second, time.Hour, least},
		} {
			l = New(test.whole)
			begun = time.Now()
			l.until = begun.Add(-test.late) // and only now the host runs
			if l.Passed() {
				t.Errorf("%v, %v late: no more time", test.whole, test.late)
			}
			l.passes()
			if more := time.Since(begun); more != test.more {
				t.Errorf("%v, %v late: %v more; want %v", test.whole, test.late, more, test.more)
			}
		}
		select {
		case <-New(-1).fired:
			t.Error("a timer without an end has one")
		case <-time.After(1000 * time.Hour):
		}
	})
}

// A host that was stopped until the moment at which the time is up has some left to read what
// had come.
func TestStoppedUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		event := make(chan struct{})
		l := New(3 * tolerance)
		time.Sleep(3 * tolerance)
		time.AfterFunc(tolerance/2, func() { close(event) })
		if !l.Await(event) {
			t.Error("it was not waited for")
		}
	})
}

// A host that is stopped again and again counts only the time in which it runs.
func TestStoppedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		l := New(10 * time.Second)
		for {
			<-l.Fired()
			time.Sleep(3 * time.Second)
			if l.Passed() {
				break
			}
		}
		if took := time.Since(begun); took < 40*time.Second || took > time.Minute {
			t.Errorf("it has passed after %v, of which it ran a quarter", took)
		}
	})
}

// A host that is late for everything still comes to an end.
func TestAlwaysLateHost(t *testing.T) {
	for _, late := range []time.Duration{2 * tolerance, time.Second, time.Minute} {
		l := New(10 * time.Second)
		for rounds := 1; ; rounds++ {
			l.until = time.Now().Add(-late)
			if l.Passed() {
				break
			}
			if rounds > 20 {
				t.Fatalf("%v late each time: no end", late)
			}
		}
	}
}

// What comes in the last moment has come.
func TestAwaitInTheLastMoment(t *testing.T) {
	event := make(chan struct{})
	close(event)
	for range 100 {
		if l := New(0); !l.Await(event) {
			t.Fatal("it did not come")
		}
	}
	if l := New(0); l.Await(nil) {
		t.Error("it came")
	}
}

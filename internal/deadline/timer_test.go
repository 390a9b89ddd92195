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
		for _, test := range []struct{ late, more time.Duration }{
			{tolerance, tolerance}, // as if it were on time
			{2 * tolerance, least},
			{3 * time.Second, 3 * time.Second},
			{time.Hour, 10 * time.Second},
		} {
			begun = time.Now()
			l = New(10 * time.Second)
			l.until = begun.Add(-test.late) // and only now the host runs
			if l.Passed() {
				t.Errorf("%v late: no more time", test.late)
			}
			l.passes()
			if more := time.Since(begun); more != test.more {
				t.Errorf("%v late: %v more; want %v", test.late, more, test.more)
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
		l := New(3 * time.Second)
		time.Sleep(3 * time.Second)
		time.AfterFunc(tolerance/2, func() { close(event) })
		if !l.Await(event) {
			t.Error("it was not waited for")
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

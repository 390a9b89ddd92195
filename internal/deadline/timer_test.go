package deadline

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		l := New(10 * time.Second)
		<-l.fired
		if !l.Passed() || time.Since(begun) != 10*time.Second {
			t.Errorf("after %v", time.Since(begun))
		}
		for _, test := range []struct{ late, more time.Duration }{
			{tolerance, 0},
			{2 * tolerance, least},
			{3 * time.Second, 3 * time.Second},
			{time.Hour, 10 * time.Second},
		} {
			l = New(10 * time.Second)
			l.until = time.Now().Add(-test.late) // and only now the host runs
			if l.Passed() != (test.more == 0) {
				t.Errorf("%v late: %v", test.late, test.more)
			}
			if test.more == 0 {
				continue
			}
			begun = time.Now()
			<-l.fired
			if !l.Passed() || time.Since(begun) != test.more {
				t.Errorf("%v late: %v more; want %v", test.late, time.Since(begun), test.more)
			}
		}
		select {
		case <-New(-1).fired:
			t.Error("a timer without an end has one")
		case <-time.After(1000 * time.Hour):
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

package conformance

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The time for all cases is over when it is, and with whoever reads the results.
func TestSpend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, until := range []time.Duration{time.Hour, time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), until)
			begun := time.Now()
			spend(ctx, 3200*time.Millisecond, cancel)
			if took := time.Since(begun); took != min(until, 3200*time.Millisecond) || ctx.Err() == nil {
				t.Errorf("it has ended after %v: %v", took, ctx.Err())
			}
		}
	})
}

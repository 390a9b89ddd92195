package pool

import (
	"math/rand/v2"
	"time"
)

// backoff is how long a place waits after each failure.
type backoff struct{ failures int }

// next counts a failure, and returns how long to wait after it: the doubled time of the last
// one, of which a random half is taken or left.
func (b *backoff) next(r *Restart) time.Duration {
	d, most := r.min(), r.max()
	for range b.failures {
		if d >= most {
			break
		}
		d *= 2
	}
	b.failures++
	d = min(d, most)
	if d <= 0 {
		return 0
	}
	return d/2 + rand.N(d/2+1)
}

func (b *backoff) reset() { b.failures = 0 }

// shortened takes up to a part of jitter off a limit, so that not all that began together
// reach it together.
func shortened[T ~int | ~int64](limit T) T {
	if most := T(float64(limit) * jitter); most > 0 {
		return limit - rand.N(most+1)
	}
	return limit
}

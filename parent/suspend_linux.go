package parent

import (
	"time"

	"golang.org/x/sys/unix"
)

// suspended returns for how long this machine has been suspended since it was booted: a
// clock that goes on meanwhile is ahead by that of one that does not, which is Go's.
//
// It is a variable so that a test can suspend the machine.
var suspended = func() time.Duration {
	var all, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil {
		return 0
	}
	return time.Duration(all.Nano() - awake.Nano())
}

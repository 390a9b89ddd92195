package process

import "time"

// awaitVanished waits until nothing is left of a group that was killed, for vanishTime at the
// most: it takes the kernel a while to give back much memory, and until then what such a
// process has open, such as a port that it listens on, is taken.
func awaitVanished(group int) {
	deadline := time.Now().Add(vanishTime)
	for pause := time.Millisecond; isLeft(group) && time.Now().Before(deadline); pause = min(2*pause, 20*time.Millisecond) {
		time.Sleep(pause)
	}
}

//go:build !linux

package process

// isLeft reports that nothing is left: nothing tells zombies from what still runs.
func isLeft(int) bool { return false }

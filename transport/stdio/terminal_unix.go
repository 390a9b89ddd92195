//go:build unix && !aix

package stdio

import "golang.org/x/sys/unix"

// isTerminal tells a terminal by what only a terminal answers.
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, getTermios)
	return err == nil
}

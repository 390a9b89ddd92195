//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import (
	"time"

	"golang.org/x/sys/unix"
)

// awaitExit waits until the child has exited, and does not reap it. It blocks a thread.
// When there is no descriptor for it, it tries again, so that the exit is noticed late.
func awaitExit(pid int) error {
	for awaitKqueue(pid) != nil {
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// awaitKqueue waits for the exit of pid in a kqueue of its own.
func awaitKqueue(pid int) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return err
	}
	defer unix.Close(kq)
	unix.CloseOnExec(kq)
	watch := make([]unix.Kevent_t, 1)
	unix.SetKevent(&watch[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	watch[0].Fflags = unix.NOTE_EXIT
	for {
		n, err := unix.Kevent(kq, watch, make([]unix.Kevent_t, 1), nil)
		switch {
		case n > 0, err == unix.ESRCH: // ESRCH: it has exited before the watch began
			return nil
		case err != nil && err != unix.EINTR:
			return err
		}
	}
}

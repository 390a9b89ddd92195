package fdconn

import "golang.org/x/sys/unix"

const (
	// sendBuffer lets a message of 1 MiB be sent in one piece, so that nobody waits in the
	// middle of it. More brings nothing. The system keeps twice as much, for its own part,
	// and caps it silently at net.core.wmem_max; what is usual there still is twice what
	// a socket has otherwise.
	sendBuffer = 1 << 20

	// usualPipe is what a pipe holds, and largePipe what one is given that has been full. An
	// ordinary user has 64 MiB for all pipes (fs.pipe-user-pages-soft), after which each new
	// pipe of that user holds next to nothing; so only links that move much have the large
	// ones, up to 32 of them with both.
	usualPipe = 64 << 10
	largePipe = 1 << 20
)

// EnlargeSendBuffer lets a socket hold more of what is sent to it, as far as the system
// allows it to everybody. Memory is used only for what it holds.
func EnlargeSendBuffer(socket int) {
	unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
}

// enlarge lets a pipe that has been full hold more, if the system allows it.
func (d *descriptor) enlarge() {
	if !d.socket && d.enlarged.CompareAndSwap(false, true) {
		unix.FcntlInt(uintptr(d.fd), unix.F_SETPIPE_SZ, largePipe)
	}
}

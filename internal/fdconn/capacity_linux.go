package fdconn

import "golang.org/x/sys/unix"

const (
	// sendBuffer lets a message of 1 MiB be sent in one piece, so that nobody waits in the
	// middle of it. More brings nothing. The system keeps twice as much, for its own part,
	// and caps it silently at net.core.wmem_max; what is usual there still is twice what
	// a socket has otherwise.
	sendBuffer = 1 << 20

	// pipeSize is four times what a pipe has otherwise: a quarter of the waits in a large
	// message, and all of the gain that there is. An ordinary user has 64 MiB for all
	// pipes (fs.pipe-user-pages-soft), after which each new pipe of that user holds
	// next to nothing. So this is no place to be generous: it does for 128 workers.
	pipeSize = 256 << 10
)

// EnlargeSendBuffer lets a socket hold more of what is sent to it, as far as the system
// allows it to everybody. Memory is used only for what it holds.
func EnlargeSendBuffer(socket int) {
	unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
}

// EnlargePipe does the same for a pipe, of which fd is either end.
func EnlargePipe(fd int) {
	unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeSize)
}

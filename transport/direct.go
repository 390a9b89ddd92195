package transport

// Direct is what a Conn may also be: one whose caller can wait on its own thread. A thread
// that the system wakes itself runs sooner than a goroutine that Go's poller has to wake,
// and holds the thread meanwhile; so these waits are short, and whoever may have to wait
// for long goes on to Read.
//
// At most one goroutine may be in TryRead, ReadSoon or Read at a time. WaitSoon waits for
// both directions: no other goroutine may be in a method that waits, which are itself,
// ReadSoon, Read and WaitWritable. Close may be called at any time by anyone.
type Direct interface {
	Conn

	// TryRead reads what has arrived, and never waits: 0 and a nil error if that is
	// nothing. Its errors are those of Read.
	TryRead(p []byte) (n int, err error)

	// ReadSoon reads as Read does, but waits on the calling thread, and for some
	// milliseconds at most: 0 and a nil error if nothing has arrived until then. Close
	// ends the wait, though not always before its time.
	ReadSoon(p []byte) (n int, err error)

	// WaitSoon waits in the same way until TryRead or TryWrite is worth another call, and
	// does not tell which: because something has arrived or there is room, the link has
	// broken in either direction, or the time is over. Its only error is os.ErrClosed,
	// after Close.
	WaitSoon() error
}

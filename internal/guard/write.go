//go:build unix

package guard

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// writeLocked hands b to a guardian. If it is not all in the pipe yet, it returns what is
// closed when it is, or when the guardian is given up.
func (k *Keeper) writeLocked(g *guardian, b []byte) (taken <-chan struct{}) {
	if g.taken == nil {
		b = b[writeNow(g.pipe, b):]
		if len(b) == 0 {
			return nil
		}
		g.taken = make(chan struct{})
		go k.flush(g)
	}
	g.backlog = append(g.backlog, b...)
	return g.taken
}

// flush writes the backlog, and kills a guardian that does not take it. It ends when the
// backlog does, and who has added to that waits for it.
func (k *Keeper) flush(g *guardian) {
	for {
		k.mu.Lock()
		b, limit := g.backlog, greetTime
		g.backlog = nil
		if g.there {
			limit = takeTime
		}
		if len(b) == 0 {
			close(g.taken)
			g.taken = nil
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		g.pipe.SetWriteDeadline(time.Now().Add(limit))
		if _, err := g.pipe.Write(b); err != nil {
			k.giveUp(g)
		}
		g.pipe.SetWriteDeadline(time.Time{})
	}
}

// giveUp kills a guardian. What it was not told yet is of no use any more: the next one is
// told everything.
func (k *Keeper) giveUp(g *guardian) {
	k.hiring.Lock() // not while it is being started
	defer k.hiring.Unlock()
	if g.process != nil {
		g.process.Kill()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	g.backlog = nil
}

// writeNow writes what there is room for, and returns how much that was. A pipe without a
// reader takes everything: its guardian is dead, and about to be replaced.
func writeNow(pipe *os.File, b []byte) (n int) {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return len(b)
	}
	conn.Write(func(fd uintptr) bool {
		for {
			n, err = unix.Write(int(fd), b)
			if err != unix.EINTR {
				return true // a full pipe is no reason to wait here
			}
		}
	})
	switch {
	case err == unix.EAGAIN:
		return 0
	case err != nil:
		return len(b)
	}
	return n
}

package peer

import "github.com/kinwire/kinwire/wire"

// DefaultWindow is what this implementation announces unless it is told otherwise: enough to
// keep a link busy with chunks of 64 KiB, where the protocol's own default is for those that
// can't keep much.
const DefaultWindow = 512 << 10

// consumedLocked counts what the receiver has taken, and grants it to the other side once
// it is half the window.
func (x *stream) consumedLocked(size int) {
	x.in.granted += int64(size)
	if 2*x.in.granted >= int64(x.p.ours.Window) {
		x.grantLocked()
	}
}

// discardedLocked counts what nobody will take, and grants it at once.
func (x *stream) discardedLocked(size int) {
	x.in.granted += int64(size)
	x.grantLocked()
}

// grantLocked gives the other side what has been counted. The caller flushes.
func (x *stream) grantLocked() {
	n := min(x.in.granted, wire.MaxCredit)
	if n == 0 || !x.p.features.credit || x.in.end != nil && !x.givenUp {
		return
	}
	x.in.granted -= n
	x.in.balance += n
	if s := &x.p.out; s.takesUrgentLocked() {
		s.urgent = wire.Credit{ID: x.id, Bytes: n}.Append(s.urgent) // which allocates nothing
	}
}

// creditLocked takes a grant of the other side.
func (x *stream) creditLocked(n int64) {
	x.out.balance = min(x.out.balance+n, wire.MaxCredit)
	x.p.wakeLocked(&x.out.wait)
}

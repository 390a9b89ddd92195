package peer

// count counts what is under way, and tells when nothing is. It is guarded by Peer.mu.
type count struct {
	n    int
	none chan struct{} // closed at 0; nil if nobody waits for that
}

func (c *count) addLocked(n int) {
	c.n += n
	if c.n == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// noneLocked returns a channel that is closed as soon as nothing is under way, which may be
// at once. What begins after that is of no account.
func (c *count) noneLocked() <-chan struct{} {
	if c.none == nil {
		c.none = make(chan struct{})
	}
	none := c.none
	c.addLocked(0)
	return none
}

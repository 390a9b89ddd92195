package pool

// waiter is a call, or a checkout, that waits for a worker.
type waiter struct {
	want       want
	seq        uint64
	line       *line // that it stands in; nil if it has left, or has a worker reserved
	prev, next *waiter
	reserved   *member

	done chan struct{} // closed once either is set:
	m    *member
	err  error
}

// want is what a caller asks for: any worker that is free, the one that has a key, or one
// for itself alone.
type want struct {
	alone bool
	keyed bool
	key   string
}

// line is where waiters stand in the order in which they came.
type line struct {
	first, last *waiter
	n           int
}

// put adds a waiter behind all that came before it.
func (l *line) put(w *waiter) {
	after := l.last
	for after != nil && after.seq > w.seq {
		after = after.prev
	}
	w.line, w.prev = l, after
	l.n++
	if after != nil {
		w.next, after.next = after.next, w
	} else {
		w.next, l.first = l.first, w
	}
	if w.next != nil {
		w.next.prev = w
	} else {
		l.last = w
	}
}

// take takes a waiter out of the line that it stands in, if it does.
func (w *waiter) take() {
	l := w.line
	if l == nil {
		return
	}
	l.n--
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		l.last = w.prev
	}
	w.line, w.prev, w.next = nil, nil, nil
}

// unreserve lets the member that is kept free for a waiter take calls again, if there is one.
func (w *waiter) unreserve() {
	if m := w.reserved; m != nil {
		m.holder, w.reserved = nil, nil
	}
}

// earlier returns whichever came first.
func earlier(a, b *waiter) *waiter {
	if a == nil || b != nil && b.seq < a.seq {
		return b
	}
	return a
}

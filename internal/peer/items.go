package peer

import "github.com/kinwire/kinwire/wire"

// item is a value that has arrived and that nobody has received.
type item struct {
	payload wire.Payload
	placed  int  // so many bytes are in memory of the caller's already, in place of the payload
	size    int  // what receiving it gives back to the balance
	lent    bool // payload is in memory that the stream's next life uses again
}

// cost is how much of wire.MaxUnread the item takes: about what it takes to keep it, so that
// values without any content are bounded as well.
func (v item) cost() int {
	const least = 64 // the item's own place in the queue, and what an allocation costs
	return max(len(v.payload), least)
}

// manyItems is how many places a queue keeps once it is empty.
const manyItems = 1 << 10

// items is a queue of them. Its zero value is empty, and a queue that never holds more than
// one takes no memory of its own.
type items struct {
	list []item
	head int     // of list; what is before has been received
	slot [1]item // what list begins with
}

func (q *items) len() int { return len(q.list) - q.head }

// waiting returns those in the queue, the first first.
func (q *items) waiting() []item { return q.list[q.head:] }

// push adds v. A queue that is never empty uses again what was received.
func (q *items) push(v item) {
	switch {
	case q.list == nil:
		q.list = q.slot[:0]
	case len(q.list) == cap(q.list) && q.head > len(q.list)/2:
		n := copy(q.list, q.waiting())
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, v)
}

// pop takes the first of at least one.
func (q *items) pop() item {
	v := q.list[q.head]
	q.list[q.head] = item{}
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
		if cap(q.list) > manyItems {
			q.list = nil
		}
	}
	return v
}

// clear drops all of them.
func (q *items) clear() { *q = items{} }

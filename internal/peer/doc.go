// Package peer is the engine of exchanges. Both sides of a link run the same one.
//
// # Who does what
//
// One goroutine at a time holds the read role: it takes frames off the link and deals with
// them. When a frame opens an exchange, that goroutine first hands the role to a new one and
// then runs the handler itself, so that the request of a call needs no change of goroutine,
// and a handler may take its time without holding up a ping. See read.go.
//
// Whoever has something to send queues it and, if nobody is writing, writes what is queued
// for as long as the link takes it without waiting. What the link does not take is left to
// the one writer goroutine. So nobody waits for the link who does not want to, and least of
// all the reader. See queue.go and write.go.
//
// # What the lock covers
//
// Peer.mu covers the table of exchanges, their queues and balances, and the transmit queue:
// all state but that of the read role. Nothing is read, written or called back under it;
// methods that need it held end in Locked, and flushLocked gives it up around a write.
//
// # Bounds
//
// Values wait in the transmit queue only up to roomLimit, and then at their sender; what the
// engine itself answers is bounded by owedLimit, after which the link has failed. Values
// that have arrived wait at their exchange, bounded by its credit, or by wire.MaxUnread
// where there is none. Exchanges are bounded by what each side announced.
package peer

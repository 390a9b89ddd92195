// Package peer is the engine of exchanges. Both sides of a link run the same one.
//
// # Who reads
//
// One goroutine at a time holds the read role, which is the right to take frames off the
// link. It deals with whatever has come, for everybody, and wakes those it was for. See
// role.go for the states, and wait.go for how goroutines wait.
//
//   - A goroutine that waits for something takes the role if it is free, and so reads its own
//     answer without another having to wake it. When it has what it waited for, it passes the
//     role on to one that still waits, or leaves it free for the next call. It waits on its
//     thread, for some milliseconds; then the role goes to a task, which waits in Go's poller
//     and holds no thread. See lead.go.
//   - That task has the role wherever no caller does: mostly on the side that answers, and on
//     either while the link is idle or calls take long. See read.go.
//   - The watch is a timer. It runs while the role is free, or is with a handler, and gives it to
//     a task if it stays there: so pings are answered, and the end of the link is noticed, whoever
//     has what else to do.
//
// Callers can read for themselves if the link is a transport.Direct, if a processor is left
// for the rest of the program, and if their context does not end within a wait. Otherwise they
// park, and the task reads for them.
//
// # Who runs handlers
//
// A task each, except that the task that reads runs those of quick methods itself, one after
// the other, and writes their replies together. What a method's runs have taught is in its
// method, see quick.go. A handler that turns out slow loses the role to the watch, and so has
// become a task. A caller that reads gives all handlers to tasks, as they would delay its own
// answer.
//
// # Who writes
//
// Whoever has something to send queues it and, if nobody is writing, writes what is queued
// for as long as the link takes it without waiting. A goroutine that is about to wait, or to
// read, writes first; if several things came at once it lets the others queue theirs before,
// and one write takes them all. What the link does not take is left to the leader, which waits
// for both directions at once, or to a task. So nobody waits for the link who does not want
// to, and least of all the reader. See queue.go, batch.go and write.go.
//
// Control messages and credit go before all else that is queued, behind the one frame of
// which the link has a part already.
//
// # Whose memory
//
// A payload of up to copyLimit is copied into the queue. A larger one is sent from where it
// is, and its sender waits until the link has it, or takes it back, or detaches it with a
// copy. What arrives in the read buffer is copied to the memory of its exchange. The rest of
// a large frame is read to where it is wanted, see placeLocked: an answer to its caller's
// memory, the input of a handler to a buffer; takeBackLocked is how a caller gets its memory
// back before that.
//
// Exchanges and buffers are used again once nobody refers to them, see recycleLocked and
// releaseLocked. A request is not: goroutines that outlast its handler may still hold it.
//
// # What the lock covers
//
// Peer.mu covers the table of exchanges, their queues and balances, the transmit queue, and
// who has the read role: all state but the Reader and the spinner, which belong to whoever
// has that role. Nothing is read or written under it, and nothing called back but the methods
// of contexts; methods that need it held end in Locked, and those that give it up meanwhile
// say so.
//
// # Bounds
//
// Values wait in the transmit queue only up to roomLimit, and then at their sender; what the
// engine itself answers is bounded by owedLimit, after which the link has failed. Values
// that have arrived wait at their exchange, bounded by its credit, or by wire.MaxUnread
// where there is none. Exchanges are bounded by what each side announced.
package peer

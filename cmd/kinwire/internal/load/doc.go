// Package load measures calls in a closed loop: so many callers, each of which makes its next
// call when it has the answer to the one before.
//
// Latencies are kept to three digits, whatever their size. In a closed loop they are those of
// the calls that were made: while the worker stalls no more calls come, so that what a stall
// would cost callers with a pace of their own is not in them.
package load

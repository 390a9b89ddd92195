// Package conformance is the protocol as tests that a worker in any language can be put
// through.
//
// It is a host that starts the worker as a host does, speaks frames by hand, and so can say
// what no other host would: frames cut at every byte, a window of one byte, lengths that lie.
// What SPEC.md says of workers, a case holds, as far as it can be seen from outside.
//
// # Testing a worker
//
// From a Go test, in which each case becomes a subtest:
//
//	func TestWorker(t *testing.T) {
//		conformance.Test(t, conformance.Worker{Command: []string{"python3", "worker.py"}}, conformance.Options{})
//	}
//
// Everybody else has `kinwire check -- python3 worker.py`. Both go through [Run], which gives
// the results one by one:
//
//	results, err := conformance.Run(ctx, worker, conformance.Options{})
//	for r := range results {
//		fmt.Println(r.Verdict, r.Name(), r.Why)
//	}
//
// # What the worker needs
//
// The method "" must answer one value with that value; of a worker that lists none the case
// exchange/echo fails, and those that call it are skipped. Nothing else is needed: no feature, no
// second value, no other method. What a worker has besides is used where it is of use, as far
// as Initialized lists it:
//
//   - a method "" that answers every value of a stream with that value
//   - the features credit, cancel, log and host-call
//   - the methods of examples/echo-worker: count {n}, sleep {ms}, fail {code, message},
//     log {level, text}, print {text}, panic, and host {method, input}
//
// A case that needs what the worker lacks is skipped, and says why. A worker that has a
// method "sleep" is told much more about its pings, deadlines and ends than one that has not.
//
// # What comes of it
//
// A case passes, fails or is skipped ([Verdict]). What is allowed and yet not as it should be
// is a warning: above all leniency, that is a worker that goes on, or exits with another code
// than 65, although its host has broken a rule. To crash, to hang and to take a gigabyte for a
// few bytes is no leniency.
//
// Whatever a case is about, each frame that comes is held against all the rules: whole frames,
// sound bodies, elements of the right types and within their ranges, who may send what and
// when, ids, flags, one END for each exchange, credit, features, what goes before Exiting and
// that nothing comes after it. The case in which one is broken fails, and names the rule.
//
// # How long it takes
//
// Most cases have a worker of their own; those that are over in a moment share one, and get a
// new one after a failure. So a run starts some seventy workers on each transport, several at a
// time, and lasts as long as that takes, and 5 s at least.
//
// Every wait has an end, and so has the run ([Options].Budget). The waits are generous, so
// that no good worker fails on a busy machine, and become shorter when a worker has used up
// several. Where the rule itself is about time, such as the second from end of file to the exit, a
// case has five chances, as a machine may stall. A program that does not even start is not started
// again. No process is left behind, unless a worker has started one that left its process group,
// as setsid does.
package conformance

// Package child is what a worker program writes.
//
// A worker is a set of handlers by the name of their method; the rest is done for it:
//
//	func main() {
//		w := child.Worker{
//			Name: "upper",
//			Handlers: child.Handlers{
//				"": child.Func(func(ctx context.Context, s string) (string, error) {
//					return strings.ToUpper(s), nil
//				}),
//			},
//		}
//		w.Main()
//	}
//
// # Handlers
//
// [Func] answers one value with one, [Stream] one with many, [Duplex] many with many; a
// [Handler] written by hand can do whatever an exchange allows. They run at the same time,
// on any goroutine, each with a context that ends when the caller gives up, when the
// deadline of the call has come, when the worker's grace is over, or when the host is gone.
// A panic becomes an error of that one call, and its stack a line of the log.
//
// A []byte or wire.Payload that a handler is given is valid until it returns: one that keeps
// it makes a copy.
//
// From inside a handler, [Host] calls methods of the host, and [Logger] logs there.
//
// # Life and death
//
// Pings are answered whatever the handlers do. When the host asks for a shutdown, new
// requests are refused, handlers have the host's grace to finish, and the worker exits with
// 0. SIGTERM does the same with a grace of [TermGrace]; SIGINT is ignored, since the
// terminal sends it to the whole group and it is the host's affair. When the host is gone,
// handlers are cancelled and the worker is out within a second.
//
// # Exit codes of Main
//
//	0   after a shutdown
//	1   Init failed, or the host speaks no version of the protocol that this worker does
//	64  the worker was not started by a host
//	65  the host broke the protocol
//	69  the host is gone
package child

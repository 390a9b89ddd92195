// Package process is a command and everything that descends from it: start, group, stop
// ladder, captured output, exit report.
//
//	p, err := process.Start(process.Command{Args: []string{"python3", "worker.py"}})
//	if err != nil {
//		return err // a *StartError: what could not be started, and whose fault that is
//	}
//	err = p.Stop(ctx, process.Ladder{}, "shutdown")
//	fmt.Println(p.Exit()) // exit status 0 (the host sent SIGTERM: shutdown) after 1.2s
//
// # What is promised
//
//   - The command leads a process group of its own. When the leader exits, for whatever
//     reason, the rest of the group is killed, and only then is the leader reaped. Until
//     that moment the dead leader keeps its pid and group id from being given to anyone
//     else, and after it nothing is signalled any more, so that no signal ever reaches a
//     stranger.
//   - [Process.Done] closes within a bounded time after the leader's exit, whoever still
//     holds the output: its pipes are read to end-of-file, or until 1 s after the group
//     was killed. What the pipes hold at that moment is still read.
//   - The output is always being read. No flood, no endless line and no slow
//     [Command.OnLine] blocks the command or grows the host's memory without bound.
//   - A start that fails leaves nothing behind. An end leaves no zombie, no descriptor, no
//     goroutine and no thread behind.
//   - An exit is never guessed: what is not known is [Unknown], and [Exit.Code] is then -1.
//
// # What is not
//
// A descendant that leaves the group (setsid, a daemon, the jobs of a shell with job
// control) is out of reach. And when the leader exits by itself the others in its group
// are killed without further notice; a leader that wants them to end well waits for them.
//
// # The system
//
// Linux: the leader is killed by the kernel when the host dies, even by SIGKILL
// (PR_SET_PDEATHSIG; a set-uid program or one with file capabilities loses this at its
// start, and grandchildren do not have it). All starts are made by one thread that lives as
// long as the host, since that signal follows the death of the thread, not of the process
// (golang/go#27505); its goroutine is serveStarts, which a test that looks for leaked
// goroutines has to ignore. So a command gets the namespaces and credentials of the host,
// not those of a thread that the caller has locked and changed. Exits are noticed through
// pidfds in Go's poller, without a thread for each child; before Linux 5.10, or where pidfds
// are forbidden, with one.
//
// macOS and BSD: the same without the parent-death signal, and with a thread for each
// child, which waits in a kqueue.
//
// Windows: [Process.Kill] ends the leader alone; there is no SIGTERM, no dump and no group.
//
// # What the host must not do
//
//   - signal.Ignore: a process inherits what its host ignores, so that a host that ignores
//     SIGTERM or SIGINT (or was started by nohup) starts workers that ignore them as well,
//     and signal.Reset does not undo it (golang/go#46321). Use signal.Notify, and drop what
//     arrives. Ignoring SIGCHLD makes the kernel throw exit statuses away: every exit is
//     then Unknown, and the group is not killed, since nothing keeps its id from being
//     reused.
//   - Wait for children that it did not start (wait4 with pid -1): the same happens.
//   - Hold descriptors without close-on-exec: each worker inherits them. Go opens all of its
//     own with it, but not those that the host itself was started with.
package process

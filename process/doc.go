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
//   - No command outlives the host, and nothing in its group does, whatever the host dies of
//     and whatever they are doing then: see The guardian.
//   - An exit is never guessed: what is not known is [Unknown], and [Exit.Code] is then -1.
//
// # What is not
//
// A descendant that leaves the group (setsid, a daemon, the jobs of a shell with job
// control) is out of reach, and outlives the host if it likes. And when the leader exits by itself the others in its group
// are killed without further notice; a leader that wants them to end well waits for them.
//
// # The guardian
//
// With the first start the host gets one more child, which ps shows as "kinwire-guardian":
// the host's own program, but before any of its own code runs, as an init function of this
// module takes over. It holds one end of a pipe whose other end only the host has, is told
// of every group, and when the pipe ends it kills those that are left (SIGKILL) and exits.
// That is some milliseconds after the host's death, be it a SIGKILL, a panic or os.Exit. A
// host that makes itself another program (exec) ends in this sense as well.
//
//   - A start is announced before it is made, and marked in its environment
//     (KINWIRE_GUARD), so that on Linux no step of a start leaves something behind.
//   - It ignores the signals that one can ignore. One that is killed is replaced at once, and
//     later and later if that happens again and again; one that is stopped (on Linux) goes on.
//     Who kills it and the host in the same moment leaves what has no parent-death signal.
//   - It needs 1.4 MB of memory of its own, a thread and three descriptors of the host, and
//     the goroutine guard.(*Keeper).watch of the host, which a test that looks for leaked
//     goroutines has to ignore. The start of a command waits for two writes into the pipe.
//   - There is none if Go is only a guest in the program (-buildmode=c-shared and the like), or
//     if none can be started. Starts go on without, and [Unguarded] says why.
//   - A package of the host's that imports hardly anything may be initialised in the guardian
//     as well. What starts threads or writes files does not belong there.
//
// # The system
//
// Linux: the leader is also killed by the kernel when the host dies (PR_SET_PDEATHSIG; a
// set-uid program or one with file capabilities loses this at its start, and grandchildren
// do not have it). All starts are made by one thread that lives as
// long as the host, since that signal follows the death of the thread, not of the process
// (golang/go#27505); its goroutine is serveStarts, which a test that looks for leaked
// goroutines has to ignore. So a command gets the namespaces and credentials of the host,
// not those of a thread that the caller has locked and changed. Exits are noticed through
// pidfds in Go's poller, without a thread for each child; before Linux 5.10, or where pidfds
// are forbidden, with one.
//
// macOS and BSD: the same without the parent-death signal, and with a thread for each
// child, which waits in a kqueue. Marks can't be read there, so that a host that dies between
// fork and the next line, a matter of microseconds, leaves what it was just starting. The
// guardian is not woken when it is stopped.
//
// Windows: [Process.Kill] ends the leader alone; there is no SIGTERM, no dump and no group.
// There is no guardian either, and none is needed: each command is in a job object, which
// kills what is in it when the leader has ended or the host dies. What the command started
// before it was put there, which is done right after its start, is not in it.
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

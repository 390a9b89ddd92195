// Package process is a command and everything that descends from it: start, group, stop
// ladder, captured output, exit report.
//
//	e, err := process.Run(ctx, process.Command{Args: []string{"make", "all"}})
//	if err != nil {
//		return err // it could not be started, or ctx has ended
//	}
//	fmt.Println(e) // exit status 2 after 1.2s
//	fmt.Println(e.LastWords())
//
// # Running a command
//
// [Run] starts a command and waits for its end. [Start] returns a [Process] as soon as the
// program runs: to signal, to [Process.Stop], to [Process.Wait] for, and to ask for its [Exit]
// when it is over. [StartLines] is Start for those who want to loop over the output.
//
// A context ends each of them at any moment. What can't be started is a [StartError], which
// says whose fault that is: the command's, the directory's, the program's, or that of a host
// that has run out of something. An exit status other than 0 is no error.
//
// # What it is given
//
// Arguments, a directory, and the environment: [Command].Env amends the host's, or an empty
// one ([EmptyEnv]). Its input comes from a file, or from any reader ([Command].Input), or is
// /dev/null: never the host's own. It leads a group of its own, or a session ([OwnSession]).
//
// # What it says
//
// Both streams are captured. Their last 64 KiB are always in the exit report. [Command].OnLine
// gets the output as lines, [Command].OnChunk as it comes; standard output can go to a file as
// well. One who is too slow loses output, and is told how much; or makes the command wait
// ([PauseCommand]). Neither keeps the end from coming.
//
// # How it ends
//
//   - By itself. What is left of its group is killed then, unless that is to live on
//     ([KeepRest]).
//   - By [Process.Stop], the end of a context, or [Limits] to its output, its silence and its
//     time: SIGTERM and SIGCONT to the group, SIGKILL to the group, each step with its limit
//     (a [Ladder]).
//   - With all others: a [Registry] lists what is running, and stops one or all.
//
// The exit report tells how it was: status or signal, what the host did and why, which limit
// was broken, CPU time and memory, and whether the kernel killed for want of memory, if a
// [Cgroup] lets one know.
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
//   - The output is always being read, unless the command is to wait for a slow OnLine, and
//     then until the leader exits. No flood, no endless line and no callback that hangs keeps
//     Done from closing, or grows the host's memory without bound.
//   - A start keeps nobody longer than its context, even if the program lies in a file
//     system that hangs. Other starts go on meanwhile.
//   - An idle command costs the host some 12 KiB and three goroutines, beside the tails of
//     what it has printed, and no thread.
//   - A start that fails leaves nothing behind. An end leaves no zombie, no descriptor, no
//     goroutine and no thread behind.
//   - No command outlives the host, and nothing in its group does, whatever the host dies of
//     and whatever they are doing then: see The guardian. What KeepRest has kept is no part
//     of it any more, and OutliveHost makes an exception.
//   - An exit is never guessed: what is not known is [Unknown], and [Exit.Code] is then -1.
//
// # What is not
//
// A descendant that leaves the group (setsid, a daemon, the jobs of a shell with job
// control) is out of reach, except in a [Cgroup], and outlives the host if it likes. And when
// the leader exits, by itself or at SIGTERM, the others in its group are killed without
// further notice; a leader that wants them to end well waits for them.
//
// A file system that begins to hang between the look at the program and its execution, some
// microseconds later, holds up the whole host: Go can't collect garbage while a child is
// between fork and exec.
//
// # The guardian
//
// With the first start the host gets one more child, which ps shows as "kinwire-guardian". It
// is the host's own program started again; an init function of this module takes over before
// the program's own packages are initialised. The guardian holds one end of a pipe whose other
// end only the host has, is told of every group, and when the pipe ends it kills those that
// are left (SIGKILL) and exits. That is some milliseconds after the host's death, be it a
// SIGKILL, a panic or os.Exit. A host that makes itself another program (exec) ends in this
// sense as well.
//
//   - A start is announced before it is made, and marked in its environment
//     (KINWIRE_GUARD), so that on Linux no step of a start leaves something behind.
//   - On Linux it ignores the signals that one can ignore, and goes on when it is stopped. One
//     that is killed is replaced at once, and later and later if that happens again and again.
//     Who kills it and the host in the same moment leaves what has no parent-death signal.
//   - It needs about 1 MB of memory of its own, a thread and three descriptors of the host, and
//     the goroutine guard.(*Keeper).watch of the host, which a test that looks for leaked
//     goroutines has to ignore. The start of a command waits for two writes into the pipe.
//   - There is none if this code is only a guest in the program (-buildmode=c-shared, a
//     plugin), or if none can be started. Starts go on without, and [Unguarded] says why.
//   - A package of the host's that imports next to nothing may be initialised in the guardian
//     as well. What starts threads or writes files does not belong into its init functions.
//
// # The system
//
// Linux: the leader is also killed by the kernel when the host dies (PR_SET_PDEATHSIG; a
// set-uid program or one with file capabilities loses this at its start, and grandchildren
// do not have it). All starts are made by one thread that lives as long as the host, since
// that signal follows the death of the thread, not of the process (golang/go#27505); its
// goroutine is serveStarts, which a test that looks for leaked goroutines has to ignore. So a
// command gets the namespaces and credentials of the host,
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
//     arrives. (With [Command.Rlimits] only SIGHUP and SIGINT are inherited so.) Ignoring
//     SIGCHLD makes the kernel throw exit statuses away: every exit is then Unknown, and the
//     group is not killed, since nothing keeps its id from being reused.
//   - Wait for children that it did not start (wait4 with pid -1): the same happens. Nor does
//     a wait for all children end, as the guardian lives as long as the host.
//   - Hold descriptors without close-on-exec: each worker inherits them. Go opens all of its
//     own with it, but not those that the host itself was started with.
package process

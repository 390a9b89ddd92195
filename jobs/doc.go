// Package jobs is commands that outlive the host, and whose end is never lost.
//
//	store, err := jobs.Open("/var/lib/agent/jobs")
//	...
//	r, err := store.Start(ctx, jobs.Spec{Args: []string{"make", "all"}, Session: "chat-7"})
//	...
//	r, err = store.Wait(ctx, r.ID) // here, or in another process, or after a restart
//	fmt.Println(r.Summary())       // job 1kf2...: failed with exit status 2 after 1m3s: make all
//
// # A job
//
// A job is a command, and a directory in a store that tells all about it. [Store.Start] writes
// down what is to run, starts a small process, the recorder, and returns when the command runs.
// The recorder waits for the command, keeps its output, ends it at its limits or on request,
// and writes down how it ended. It is no child of the host, and has nothing of it: whatever
// becomes of the host, the job goes on.
//
// Any number of processes may use a store at a time. There is no index and no server: a job is
// what its directory says, and a directory that is damaged is no other job's concern.
//
// # How a job ends
//
// [Record].State is one of
//
//   - [Running];
//   - [Succeeded]: it exited with 0;
//   - [Failed]: it exited with another status, died of a signal that nobody here has sent,
//     printed more than it may, or could not be started. The record has which;
//   - [Killed]: by [Store.Kill];
//   - [TimedOut]: it ran for longer than it may;
//   - [Lost]: nobody knows. The recorder was killed, or the machine went down.
//
// When the command has exited, what is left of its processes is killed. On Linux those are all
// that descend from it, also what has left its group.
//
// # Follow-ups
//
// Somebody wants to act upon the end of a job, exactly when he can. [Store.Pending] has the
// jobs whose end nobody has dealt with, [Store.Claim] takes one for a while, in which nobody
// else gets it, and [Claim.Ack] says that it is done. A [Monitor] does that for you: it calls a
// function for each job that has ended until that has succeeded, or has failed too often.
//
// # What is promised
//
//   - What is to run is on the disk before it runs.
//   - The end of a job is recorded whatever happens to the host, and each file is, after any
//     crash, what it was or what it became.
//   - A process is known by its boot, its pid namespace, its pid and its start time. No signal
//     ever reaches a stranger who has got the pid of a job.
//   - An exit is never guessed: what is not known is lost, and no exit status is made up.
//   - A store is private: its files are readable by their owner alone.
//   - A job costs one process, of some megabytes, and no thread, goroutine, or descriptor of
//     the host.
//
// # The recorder
//
// It is the host's own program started again, which ps shows as "kinwire-recorder": an init
// function of this package takes over, after those of the packages that this one imports. A
// package of the host's that imports little may be initialised in the recorder as well; what
// starts threads or writes files does not belong into its init functions.
//
// It leads a session of its own, works in "/", has none of the host's descriptors, and ignores
// what one sends to end whole groups. It ignores SIGTERM too: the machine sends that to
// everybody as it goes down, and then it is the command's end that is to be recorded.
//
// What stops a whole cgroup stops recorders as well: a service of systemd needs
// KillMode=process for its jobs to survive its restart.
//
// If the recorder is killed, the command goes on, until it prints something: most programs end
// by that, as nobody reads it any more. Until then the job is Running, with a note;
// afterwards it is Lost. [Store.Kill] still works.
//
// # The system
//
// Linux has it all. On macOS and BSD only the command's group is killed; a job without recorder
// is Lost at once, as nothing proves that a process is the job's; waiting is polling; and a
// clock step shifts leases. On Windows jobs can't be started yet. A store must be on a file
// system of this machine, as locks do not hold on all others.
package jobs

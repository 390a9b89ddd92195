package main

const jobHelp = `A job is a command that outlives whoever starts it, and whose end is never lost.

A small process for each job, the recorder, waits for the command, keeps what it prints, ends
it when it runs for too long, and writes down how it ended. What is known of the jobs is in a
directory, --dir, that any number of programs may use at a time; so may programs in Go, by the
package jobs.

An ID may be any beginning or end of an id that no other job has.

States:
  running    the command runs
  succeeded  it exited with 0
  failed     it exited with another status, died of a signal, printed more than it may, or
             could not be started
  killed     by kill
  timed_out  it ran for longer than --max-runtime
  lost       nobody knows: the recorder was killed, or the machine went down

Exit codes:
  0  success; of wait: the job succeeded
  1  it could not be done; of wait: the job did not succeed
  2  the command line was wrong`

const jobExamples = `  id=$(kinwire job start --session build -- make all)
  kinwire job list
  kinwire job logs -f $id
  kinwire job wait $id && kinwire job ack $id`

const jobStartHelp = `Start starts a command, prints the job's id, and returns when the command runs.

The command comes after --. It is no child of this program, or of the shell: it goes on when
they end, when the terminal is closed, and when all of them are killed. It leads a session of
its own, and finds its id in the environment variable KINWIRE_JOB.

When the command has exited, all that descends from it is killed as well. A command that can't
be started is an error, and leaves no job.`

const jobStartExamples = `  kinwire job start -- make all
  kinwire job start --session chat-7 --max-runtime 2h -C /src -e CC=clang -- ./build.sh
  echo 'echo $((6*7))' | kinwire job start --stdin - -- sh`

const jobListHelp = `List prints a table of all jobs, the oldest first, or of those in a session or a state.

AGE is how long ago the job was started, and TOOK how long the command ran. Jobs whose files
are damaged are told on standard error, and are no error of the others.`

const jobStatusHelp = `Status tells all that is known of a job. Whatever its state, the exit code is 0.`

const jobWaitHelp = `Wait waits until a job has ended, and says how: the exit code is 0 if it succeeded, else 1.

Any number of programs may wait for a job. SIGINT ends the waiting, and not the job.`

const jobLogsHelp = `Logs prints what a job has printed, standard output and standard error together.

It is printed byte for byte. Where more was printed than is kept, there is a line that says how
much; with --limit, characters that are invalid are replaced.`

const jobKillHelp = `Kill ends a job, with all that descends from it, and waits until it has.

All of them get SIGTERM and SIGCONT, and SIGKILL some seconds later. A job that has ended is
left as it is, which is no error. One that was killed is not pending.`

const jobPendingHelp = `Pending lists the jobs that have ended, and whose end nobody has acknowledged.

Those that were killed on request are not among them, and neither are those that a program has
tried to deal with too often, whose follow_up in list --json is in the state "failed".`

const jobAckHelp = `Ack says that somebody has dealt with the end of a job. It is pending no more, and prune
removes it an hour later. To say it again changes nothing. A job that runs is an error.`

const jobPruneHelp = `Prune removes jobs that have ended some time ago, with their output, and prints their ids.

Jobs that run are never removed.`

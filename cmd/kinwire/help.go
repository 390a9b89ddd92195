package main

const rootHelp = `Kinwire runs worker processes and talks with them.

A worker is a program that answers requests. Its host starts it, sends it values, gets
values back, and shuts it down. In Go, a worker is three lines with the package child:

    w := child.Worker{Handlers: child.Handlers{"": child.Func(
        func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })}}
    w.Main()

A worker can be written in any language; wire/SPEC.md is all that it takes, docs/porting.md
tells how, and check says what is wrong with it. Started by hand it only says how to start
it: kinwire is the host.

Exit codes:
  0  success
  1  a call or a check failed, or the worker did not start
  2  the command line was wrong`

const rootExamples = `  echo '{"hello":"world"}' | kinwire run -- echo-worker
  kinwire check -- echo-worker
  kinwire run --help`

const runHelp = `Run starts a worker, or several, and calls them with each line of standard input.

The worker's command comes after --. A line of input is one JSON value; a value that a
worker answers with is one line of compact JSON on standard output. The answers come in the
order of the inputs, though up to 16 of them are worked on at a time, or fewer if the worker
wants fewer. With --workers 2 or more each worker has one input at a time. A method that
answers with many values prints them as they come, once all earlier inputs are done; one that
answers with none prints nothing.

An input that fails prints in its place, and makes the exit code 1:

  {"error":{"code":"unknown_method","message":"there is no method \"nosuch\""}}

Blank lines are no input. Integers stay integers, up to 64 bits. What JSON can't say becomes:
bin a base64 string, NaN and the infinities strings, ext {"ext":N,"data":base64}.

A worker that dies is started again, after a wait of at most 1s that grows with each time;
the inputs that it worked on fail. With several workers that is only the one it died of. One
that goes on with an input for more than 1s after --timeout is replaced as well.

What workers print or log goes to standard error. At the end of the input, at SIGINT or
SIGTERM, they are shut down: inputs that they work on are finished, and have 10 s for
that; what follows them is not read any more. A second signal kills them.

Exit codes:
  0  every input that was read was answered
  1  an input failed, a worker did not start or had to be killed by a second signal, the
     input could not be read, or the output not be written
  2  the command line was wrong

Error codes:
  start_failed        no worker did start; the message quotes what it printed
  worker_exited       the worker exited first; the message says how, and has its last words
  bad_input           the line is no JSON value, or not one that the method takes
  deadline_exceeded   there was no complete answer within --timeout
  unknown_method      the worker has no such method
  overloaded          the worker has too much to do; or, of a worker without credit, more
                      than 4 MiB of an answer came before its turn to be printed
  shutting_down       the input was read, and not begun, when all was shut down
  failed              the method failed
  panicked            the method crashed
  canceled            the method was told to stop
  too_large           the input is larger than the worker accepts, or the answer than kinwire
  unsupported_version the worker speaks no version of the protocol that kinwire does
  Any other code is the worker's own.`

const runExamples = `  # Send a value there and back.
  echo '{"hello":"world"}' | kinwire run -- echo-worker

  # One input, many outputs.
  echo '{"n":3}' | kinwire run --method count -- echo-worker

  # No answer within a second is an error.
  echo '{"ms":5000}' | kinwire run --method sleep --timeout 1s -- echo-worker

  # Three workers, and an input that one of them dies of.
  printf '%s\n' '{"code":7}' | kinwire run --workers 3 --method exit -- echo-worker

  # A worker that only has standard input and output.
  echo 1 | kinwire run --transport stdio -- echo-worker`

const checkHelp = `Check puts a worker through the rules of wire/SPEC.md, and says which it keeps.

The worker's command comes after --. Each rule is a case, with a name that says it; most cases
start the worker anew, several at a time, over each of the transports. All that a worker needs
is its default method, the one whose name is empty, which has to send back what it gets: without
it, exchange/echo fails. Where it offers more, such as the features and the methods of
echo-worker, more is checked; what it lacks is skipped.

A case is a line on standard output, with all that is known of a failure indented below it:

  PASS socketpair/handshake/version
  SKIP socketpair/cancel/ends: the worker does not name the feature cancel
  FAIL stdio/ping/answered: expected a Pong with seq 1; got nothing

The last line sums up. A warning is no failure: the worker is lenient where the host broke a
rule, say. What a worker prints is shown with the cases that it fails. On a terminal there are
colours, unless NO_COLOR is set, and each case says how long it took.

With --json each case is a line of JSON, and so is the summary, an object with the key
"summary". Lines, and not one document, so that a program can follow the cases as they come,
and has what there is of a run that was cut short. With --list, so is each case.

A pattern of --case is matched against the whole name, with the transport before it or without.
* stands for anything but a slash, ? for one character, [a-z] for one of several.

A good worker is through in 30s, and no worker takes longer than 120s. At SIGINT or SIGTERM the
cases end, with the workers that they have started.

Exit codes:
  0  no case failed
  1  a case failed or was not run, the worker could not be started, or the results not be
     printed
  2  the command line was wrong, also where it names a case that is none`

const checkExamples = `  # Is this a worker?
  kinwire check -- ./worker

  # Only what is about pings and the handshake, over standard input and output.
  kinwire check --transport stdio --case 'ping/*' --case 'handshake/*' -- python3 worker.py

  # One case again, and what there is.
  kinwire check --case stdio/shutdown/ack -- ./worker
  kinwire check --list

  # The names of the cases that failed.
  kinwire check --json -- ./worker | jq -r 'select(.verdict == "FAIL").name'`

const benchHelp = `Bench starts a worker, and measures how fast it answers.

The worker's command comes after --. The method is called with the same value over and over:
bytes, or the value of --input. At each level of --concurrency so many calls are in flight, or
fewer if the worker wants fewer; a level lasts for --duration, after a warm-up of a fifth of
that, or of 1s. This is a closed loop: a call begins when the one before it has its answer, so a
worker that stalls is asked less, and what callers with a pace of their own would have waited
does not show.

A call that fails is counted, and makes the exit code 1. Rates and latencies are those of the
calls that succeeded; latencies have three digits. MB/s is what is sent, and not what comes
back; with --input it is left out. With --json the report is one line of JSON, all times in ns.

What the worker prints or logs goes to standard error. At SIGINT or SIGTERM the measuring ends,
what was measured is printed, and the worker is shut down. A second signal kills it.

Exit codes:
  0  every call succeeded
  1  a call failed, the worker did not start, ended too soon or had to be killed by a second
     signal, nothing was measured, or the report could not be printed
  2  the command line was wrong`

const benchExamples = `  # How fast is it, and with how many calls at a time?
  kinwire bench -- echo-worker

  # One level of large calls, with a histogram.
  kinwire bench --concurrency 4 --size 1MiB --duration 5s -- echo-worker

  # A method with a JSON value, for a program to read.
  kinwire bench --method sleep --input '{"ms":1}' --json -- echo-worker`

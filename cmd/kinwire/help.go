package main

const rootHelp = `Kinwire runs worker processes and talks with them.

A worker is a program that answers requests. Its host starts it, sends it values, gets
values back, and shuts it down. In Go, a worker is three lines with the package child:

    w := child.Worker{Handlers: child.Handlers{"": child.Func(
        func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })}}
    w.Main()

A worker can be written in any language; wire/SPEC.md is all that it takes. Started by hand
it only says how to start it: kinwire is the host.

Exit codes:
  0  success
  1  a call failed, or the worker did not start
  2  the command line was wrong`

const rootExamples = `  echo '{"hello":"world"}' | kinwire run -- echo-worker
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

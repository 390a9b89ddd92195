"""One method for each thing that a worker can do, and for each that it should not. Try

    echo '{"hello":"world"}' | bin/kinwire run -- .venv/bin/python examples/python-worker/worker.py

and the same with ``--method count`` and ``{"n":3}``.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import kinwire

worker = kinwire.Worker("python-worker")


@worker.method("")
@worker.method
def echo(values: kinwire.Inputs[Any]) -> Iterator[Any]:
    """Send every value back as it came, be it one or many."""
    yield from values


@dataclass
class CountTo:
    n: int = 0


@worker.method
def count(to: CountTo) -> Iterator[int]:
    """Stream the numbers from 0 to n-1."""
    yield from range(to.n)


@dataclass
class Duration:
    ms: int = 0


@worker.method
def sleep(duration: Duration, ctx: kinwire.Context) -> Duration:
    """Answer after that time, or stop as soon as the caller gives up."""
    ctx.sleep(duration.ms / 1000)
    return duration


@dataclass
class Failure:
    code: str = ""
    message: str = ""


@worker.method
def fail(failure: Failure) -> None:
    """Answer with that error."""
    raise kinwire.Error(failure.code, failure.message)


@dataclass
class Line:
    level: str = ""
    text: str = ""


LEVELS = {"debug": logging.DEBUG, "": logging.INFO, "info": logging.INFO,
          "warn": logging.WARNING, "error": logging.ERROR}  # fmt: skip


@worker.method
def log(line: Line) -> bool:
    """Write a line to the worker's log."""
    if line.level not in LEVELS:
        text = f'the level is "{line.level}", and not debug, info, warn or error'
        raise kinwire.Error("bad_input", text)
    logging.log(LEVELS[line.level], line.text, extra={"method": "log"})
    return True


@worker.method("print")
def print_line(line: Line) -> bool:
    """Print a line on standard output, where it does no harm."""
    print(line.text)
    return True


class Crash(BaseException):
    """What is no mere failure: an exception of this kind is not to be caught."""


@worker.method
def panic(message: Any) -> None:
    """Crash, of which only this call takes harm."""
    raise Crash(message)


@dataclass
class Status:
    code: int = 0


@worker.method("exit")
def exit_at_once(status: Status) -> None:
    """End the worker on the spot, as a crash would."""
    os._exit(status.code)


@dataclass
class HostCall:
    method: str = ""
    input: Any = None


@worker.method
def host(call: HostCall, ctx: kinwire.Context) -> Any:
    """Call a method of the host and return the answer."""
    return ctx.call(call.method, call.input)


if __name__ == "__main__":
    worker.run()

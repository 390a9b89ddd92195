"""Finds the link that the host has given this process, and puts it out of harm's way.

This happens when kinwire is imported: from then on no print, and nothing that the program
starts, can break the link.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import stat
import sys

from ._link import Link, PipeLink, SocketLink

VARIABLE = "KINWIRE_TRANSPORT"

_link: Link | None = None
_missing = f"{VARIABLE} is not set"


def claim() -> None:
    """Take the link that the environment names, if it names one that can be used."""
    global _link, _missing
    where = os.environ.pop(VARIABLE, None)
    if where is None:
        return
    try:
        _link = _stdio() if where == "stdio" else _socket(where)
    except (OSError, ValueError) as e:
        _missing = f"{VARIABLE} is {where!r}: {e}"
    else:
        atexit.register(_remind)


def take() -> Link | None:
    """Return the link, the first time."""
    global _link, _missing
    link, _link = _link, None
    if link is not None:
        _missing = "the worker has run already"
    return link


def _remind() -> None:
    """Say what is missing, if the program comes to its end and nothing else is wrong."""
    if _link is not None and not hasattr(sys, "last_value"):
        line = "the program has ended without worker.run(), which is to be called last\n"
        with contextlib.suppress(OSError):
            os.write(2, line.encode())


def usage() -> str:
    """Return the line that says how a worker is started."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.current_process().name != "MainProcess":
        return (
            "worker.run() was called in a process of multiprocessing, which imports the program: "
            'put it below `if __name__ == "__main__":`'
        )
    return (
        "this is a kinwire worker, and is started by a host: "
        f"try `kinwire run -- {_command()}` ({_missing})"
    )


def _command() -> str:
    """Return how this process was started."""
    import shlex

    command = shlex.join(getattr(sys, "orig_argv", ["python", *sys.argv]))  # 3.9 has none
    return command if command.isprintable() else "python ..."


def _socket(where: str) -> Link:
    if not where.startswith("fd:") or not where[3:].isascii() or not where[3:].isdigit():
        raise ValueError("it must be fd:N or stdio")
    fd = int(where[3:])
    if fd < 3:
        raise ValueError("the descriptor must be 3 or more")
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        raise ValueError("the descriptor is no socket")
    os.set_inheritable(fd, False)
    return SocketLink(fd)


def _stdio() -> Link:
    if os.isatty(0) or os.isatty(1):
        raise ValueError("standard input or output is a terminal")
    source, sink = _above(0), _above(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return PipeLink(source, sink)


def _above(fd: int) -> int:
    """Duplicate a descriptor to one above those of the standard files."""
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)

"""The last resort of a worker that is orphaned while a handler keeps the interpreter.

C code that does not let go of the interpreter's lock stops every Python thread, and so the one
that would notice that the host is gone. So on Linux one thread leaves the interpreter for good: it
runs three functions of the C library, one behind the other, which a context with a successor
makes possible. They wait for the link to be hung up, then for as long as an orderly end may
take, and exit. Where that can't be had, such a worker goes on until its handler returns.
"""

from __future__ import annotations

import platform
import select
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from ._errors import ORPHANED

_PATIENCE_MS = 900
_STACK = 64 << 10
_CONTEXT = 16 << 10  # more than any ucontext_t has
_LINK, _STACK_BASE, _STACK_SIZE = 8, 16, 32  # offsets of what makecontext wants to be set


def watch(fd: int) -> threading.Event:
    """Exit the process some time after the other end of a descriptor is closed.

    The event tells that this has begun, or can't.
    """
    begun = threading.Event()
    if sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64"):
        run = partial(_leave_python, fd, begun)
        threading.Thread(target=run, name="kinwire-orphan", daemon=True).start()
    else:
        begun.set()
    return begun


def _leave_python(fd: int, begun: threading.Event) -> None:
    try:
        leave = _way_out(fd)
    finally:
        begun.set()
    leave()


def _way_out(fd: int) -> Callable[[], object]:
    """Return what waits and exits, and never comes back to Python."""
    import ctypes

    # An interrupted wait would look like one that is over.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    libc = ctypes.CDLL(None)
    if not all(hasattr(libc, name) for name in ("getcontext", "makecontext", "setcontext")):
        return lambda: None
    memory = ctypes.create_string_buffer(3 * (_CONTEXT + _STACK) + 16)
    base = (ctypes.addressof(memory) + 15) & ~15
    word, pointer = ctypes.c_size_t, ctypes.c_void_p

    def context(number: int, then: int, function: str, *args: int) -> int:
        at = base + number * (_CONTEXT + _STACK)
        libc.getcontext(pointer(at))
        word.from_address(at + _LINK).value = then
        word.from_address(at + _STACK_BASE).value = at + _CONTEXT
        word.from_address(at + _STACK_SIZE).value = _STACK
        call = ctypes.cast(getattr(libc, function), pointer)
        libc.makecontext(pointer(at), call, ctypes.c_int(len(args)), *map(ctypes.c_ssize_t, args))
        return at

    # struct pollfd: the descriptor, the events, and those that have come.
    watched = (ctypes.c_int * 2)(fd, select.POLLRDHUP)
    out = context(2, 0, "_exit", ORPHANED)
    wait = context(1, out, "poll", 0, 0, _PATIENCE_MS)
    hang_up = pointer(context(0, wait, "poll", ctypes.addressof(watched), 1, -1))

    def leave(*alive: object) -> object:
        return libc.setcontext(hang_up)

    return partial(leave, memory, watched)

"""The worker, as its author writes it."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, overload

from . import _messages as m
from . import _start
from ._ending import leave
from ._errors import FAILED, USAGE
from ._methods import Hook, Method
from ._session import Session

F = TypeVar("F", bound=Callable[..., Any])


class About:
    """What a session needs to know of its worker."""

    def __init__(
        self, name: str, build: str, concurrency: int, window: int, max_frame: int
    ) -> None:
        self.name = name
        self.build = build
        self.concurrency = concurrency
        self.window = window
        self.max_frame = max_frame
        self.methods: dict[str, Method] = {}
        self.init: Hook | None = None
        self.hooks: list[Hook] = []

    @property
    def is_async(self) -> bool:
        """Whether anything of the worker needs an event loop."""
        functions = [*self.methods.values(), *self.hooks, *([self.init] if self.init else [])]
        return any(f.is_async for f in functions)


class Worker:
    """A program that a host starts, and whose methods it calls.

    :param name: what the worker calls itself towards its host.
    :param build: its build, for the host's logs.
    :param concurrency: how many calls may be open at a time; as many threads run synchronous
        handlers at the most. One is the choice for code that is not safe for threads.
    :param window: how many bytes of a stream the host may send ahead of the handler.
    :param max_frame: the largest message that the worker accepts, in bytes.

    Handlers run at the same time: synchronous ones on threads, asynchronous ones on the one event
    loop, which the main thread turns.
    """

    def __init__(
        self,
        name: str = "",
        *,
        build: str = "",
        concurrency: int = 64,
        window: int = 512 << 10,
        max_frame: int = m.MAX_FRAME,
    ) -> None:
        for what, value, least in (
            ("concurrency", concurrency, 1),
            ("window", window, 1),
            ("max_frame", max_frame, m.LEAST_MAX_FRAME),
        ):
            if not isinstance(value, int) or not least <= value <= m.MOST_INT:
                raise ValueError(f"{what} is {value!r}; it is an int from {least} to 2**31-1")
        self._about = About(str(name), str(build), concurrency, window, max_frame)

    @overload
    def method(self, name: F) -> F: ...

    @overload
    def method(self, name: str | None = None) -> Callable[[F], F]: ...

    def method(self, name: Any = None) -> Any:
        """Make a function answer a method: that of its name, or of the name given.

        ``@worker.method`` and ``@worker.method("name")`` leave the function as it is. The method
        ``""`` is the one that ``kinwire run`` calls by default.

        The function takes the caller's value, and a ``ctx`` if it likes; an annotation of the value
        is checked (see the README). It gives one value, or many if it is a generator. Exceptions
        reach the caller: :class:`Error` as it is, any other with the code ``failed``, its type
        and its text; the traceback goes to the log.
        """
        if name is not None and not isinstance(name, str):
            if not callable(name):
                raise TypeError(f"@worker.method takes a function or a name, and not {name!r}")
            return self._add(_name_of(name), name)

        def decorate(function: F) -> F:
            return self._add(_name_of(function) if name is None else name, function)

        return decorate

    def _add(self, name: str, function: F) -> F:
        if not callable(function):
            raise TypeError(f"the method {name!r} must be a function, and is {function!r}")
        if name in self._about.methods:
            raise ValueError(f"there are two methods of the name {name!r}")
        if name.startswith("kinwire."):
            raise ValueError(f"the method {name!r}: names that begin with kinwire. are reserved")
        self._about.methods[name] = Method(name, function)
        return function

    def init(self, function: F) -> F:
        """Call a function once before the first call, with the host's config for this worker.

        It takes the config, or nothing, and may be asynchronous. It runs on the main thread, and
        may take as long as the host waits for a worker to start. An exception becomes the error of
        the host's start, and ends the worker.
        """
        if self._about.init is not None:
            raise ValueError("a worker has one @worker.init; this is the second")
        self._about.init = Hook("init", function, "the config")
        return function

    def on_shutdown(self, function: F) -> F:
        """Call a function when the worker ends, with the reason if it takes one.

        It may be asynchronous. The last one that was added is called first, once the handlers have
        returned or were cancelled, before the logs are flushed. They have what is left of the
        host's grace, and 0.3 s at least. They are called when the host is gone too; not when the
        worker is killed.
        """
        self._about.hooks.append(Hook("on_shutdown", function, "the reason"))
        return function

    def run(self) -> NoReturn:
        """Serve the host that has started this process, and exit with it. Call it last.

        The exit code is 0 after a shutdown, 1 if the initialisation failed, 64 if the process was
        not started by a host, 65 if the host broke the protocol, 69 if the host is gone. Functions
        of :mod:`atexit` are called after those of :meth:`on_shutdown`; no thread is waited for.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("worker.run() is called on the main thread, and by nobody else")
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None and asyncio._get_running_loop() is not None:
            raise RuntimeError("worker.run() turns a loop of its own: call it in no coroutine")
        link = _start.take()
        if link is None:
            leave(USAGE, _start.usage())
        if not self._about.methods:
            leave(FAILED, "the worker has no methods: put @worker.method before a function")
        _prepare_output()
        faulthandler.enable(2)  # the parent's SIGABRT makes it dump all stacks
        session = Session(self._about, link)
        session.keeper.catch(signal.SIGTERM, session.ending.terminate)
        # Not SIG_IGN, which whatever the worker starts would inherit.
        session.keeper.catch(signal.SIGINT, lambda: None)
        os.register_at_fork(after_in_child=session.forked)
        session.run()


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", "")
    if not name or name == "<lambda>":
        raise TypeError("the function has no name: give the method one, @worker.method('name')")
    return str(name)


def _prepare_output() -> None:
    """Make each line that is printed leave at once, since the process may end at once."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        except (AttributeError, OSError, ValueError):  # not there, or not a file
            pass

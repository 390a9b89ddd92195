"""What handlers are given besides their value."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._asked import NOTHING, Asked
from ._host_stream import AsyncHostStream, HostStream
from ._waiting import NO_MORE, WAIT, Wait

if TYPE_CHECKING:
    from ._served import Served


class _Context:
    """What both kinds of context have."""

    def __init__(self, served: Served) -> None:
        self._served = served

    @property
    def method(self) -> str:
        """The name of the method that was called."""
        return self._served.method.name

    @property
    def meta(self) -> dict[str, Any]:
        """What came with the call besides its values, such as ``traceparent``."""
        return dict(self._served.meta or {})

    @property
    def log(self) -> logging.Logger:
        """The worker's logger; any other logger of :mod:`logging` reaches the host as well."""
        return logging.getLogger(self._served.session.about.name or None)

    @property
    def cancelled(self) -> bool:
        """Whether the call is over: nobody waits for its answer any more."""
        return self._served.stopped is not None

    @property
    def deadline(self) -> float | None:
        """When the call's time is up, on the clock of :func:`time.monotonic`; None is never."""
        return self._served.deadline

    def remaining(self) -> float | None:
        """Return the seconds that the call has left; None is any number."""
        deadline = self._served.deadline
        return None if deadline is None else max(0.0, deadline - monotonic())

    def check(self) -> None:
        """Raise :class:`Cancelled` if the call is over."""
        self._served.check()


class Context(_Context):
    """What a synchronous handler is given if it has a parameter ``ctx``, or one of this type.

    It is valid until the handler has returned, and may be used by any thread.
    """

    def sleep(self, seconds: float) -> None:
        """Sleep, but raise :class:`Cancelled` as soon as the call is over."""
        served = self._served
        until = monotonic() + max(0.0, seconds)

        def look() -> Wait | None:
            served.check()
            return WAIT if monotonic() < until else None

        def wake() -> None:
            with served.session.lock:
                served.wake_locked()

        alarm = served.session.keeper.at(until, wake)
        try:
            served.wait(look)
        finally:
            served.session.keeper.cancel(alarm)

    def call(self, method: str, value: Any = None, *, timeout: float | None = None) -> Any:
        """Call a method of the host with a value and return its answer.

        It raises :class:`Error` with what the host said, or with ``deadline_exceeded`` after the
        timeout, in seconds; and :class:`Cancelled` as soon as the handler's own call is over,
        whose deadline the host is told of.
        """
        asked = Asked(self._served, method, timeout)
        try:
            asked.wait(asked.opener(m.END, value))
            answer = asked.wait(asked.look_for_output)
            return None if answer is NO_MORE else answer
        finally:
            asked.close()

    def open(self, method: str, *, timeout: float | None = None) -> HostStream:
        """Open an exchange of many values with the host; use it in a ``with`` statement."""
        asked = Asked(self._served, method, timeout)
        return HostStream(asked.open(0, NOTHING))

    def stream(self, method: str, value: Any = None, *, timeout: float | None = None) -> HostStream:
        """Call a method of the host with one value, and iterate over its answer."""
        asked = Asked(self._served, method, timeout)
        return HostStream(asked.open(m.END, value))


class AsyncContext(_Context):
    """What an asynchronous handler is given if it has a parameter ``ctx``, or one of this type.

    Its ``call``, ``open`` and ``stream`` are those of :class:`Context`, to be awaited;
    :func:`asyncio.sleep` sleeps. When the call is over the handler's task is cancelled. It is
    valid until the handler has returned, on the event loop.
    """

    async def call(self, method: str, value: Any = None, *, timeout: float | None = None) -> Any:
        """Call a method of the host with a value and return its answer.

        It raises :class:`Error` with what the host said, or with ``deadline_exceeded`` after the
        timeout, in seconds.
        """
        asked = Asked(self._served, method, timeout)
        try:
            await asked.wait_async(asked.opener(m.END, value))
            answer = await asked.wait_async(asked.look_for_output)
            return None if answer is NO_MORE else answer
        finally:
            asked.close()

    async def open(self, method: str, *, timeout: float | None = None) -> AsyncHostStream:
        """Open an exchange of many values with the host; use it in an ``async with`` statement."""
        asked = Asked(self._served, method, timeout)
        return AsyncHostStream(await asked.open_async(0, NOTHING))

    async def stream(
        self, method: str, value: Any = None, *, timeout: float | None = None
    ) -> AsyncHostStream:
        """Call a method of the host with one value, and iterate over its answer."""
        asked = Asked(self._served, method, timeout)
        return AsyncHostStream(await asked.open_async(m.END, value))

"""What handlers are given besides their value."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _messages as m
from ._waiting import NO_MORE, WAIT, Wait

if TYPE_CHECKING:
    from ._asked import Asked
    from ._served import Served
    from ._types import Converter

T = TypeVar("T")


class Inputs(Generic[T]):
    """The values that a caller sends, as they come.

    A handler whose parameter is annotated with it iterates: with ``for`` if it is synchronous,
    with ``async for`` if not. ``Inputs[int]`` holds each value against the type. The caller may
    send no more than a window ahead of what was taken. Iteration raises :class:`Error` if the
    caller ends with one, and :class:`Cancelled` (or :class:`asyncio.CancelledError`) if he gives
    up. It is for one task or thread at a time.
    """

    def __init__(self, served: Served, convert: Converter | None) -> None:
        self._served = served
        self._convert = convert
        self._number = 0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        value = self._served.wait(self._served.look_for_input)
        if value is NO_MORE:
            raise StopIteration
        return self._converted(value)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        value = await self._served.wait_async(self._served.look_for_input)
        if value is NO_MORE:
            raise StopAsyncIteration
        return self._converted(value)

    def _converted(self, value: Any) -> T:
        self._number += 1
        if self._convert is not None:
            value = self._convert(value, f"value {self._number}")
        typed: T = value
        return typed


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
        from ._asked import Asked

        asked = Asked(self._served, method, timeout)
        try:
            asked.wait(asked.opener(m.END, value))
            answer = asked.wait(asked.look_for_output)
            return None if answer is NO_MORE else answer
        finally:
            asked.close()

    def open(self, method: str, *, timeout: float | None = None) -> HostStream:
        """Open an exchange of many values with the host; use it in a ``with`` statement."""
        from ._asked import NOTHING, Asked

        asked = Asked(self._served, method, timeout)
        return HostStream(asked.open(0, NOTHING))

    def stream(self, method: str, value: Any = None, *, timeout: float | None = None) -> HostStream:
        """Call a method of the host with one value, and iterate over its answer."""
        from ._asked import Asked

        asked = Asked(self._served, method, timeout)
        return HostStream(asked.open(m.END, value))


class HostStream:
    """An exchange with the host: iterate over the values of its answer.

    One thread may send while another iterates. Leaving its ``with`` statement gives up what is
    left of it. :class:`Error` is how the host has ended it.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def send(self, value: Any) -> None:
        """Send one more value, as soon as the host is ready to take it.

        Once the host has ended the exchange this does nothing. After :meth:`close_send`, and
        after the one value of ``stream``, it is a :class:`RuntimeError`.
        """
        self._asked.wait(self._asked.sender(0, value))

    def close_send(self) -> None:
        """Say that no more values will be sent."""
        from ._asked import NOTHING

        self._asked.wait(self._asked.sender(m.END, NOTHING))

    def close(self) -> None:
        """Give up what is left of the exchange."""
        self._asked.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        value = self._asked.wait(self._asked.look_for_output)
        if value is NO_MORE:
            raise StopIteration
        return value

    def __enter__(self) -> HostStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncContext(_Context):
    """What an asynchronous handler is given if it has a parameter ``ctx``, or one of this type.

    Its methods are those of :class:`Context`, to be awaited; :func:`asyncio.sleep` sleeps. When
    the call is over the handler's task is cancelled.
    """

    async def call(self, method: str, value: Any = None, *, timeout: float | None = None) -> Any:
        """Call a method of the host with a value and return its answer.

        It raises :class:`Error` with what the host said, or with ``deadline_exceeded`` after the
        timeout, in seconds.
        """
        from ._asked import Asked

        asked = Asked(self._served, method, timeout)
        try:
            await asked.wait_async(asked.opener(m.END, value))
            answer = await asked.wait_async(asked.look_for_output)
            return None if answer is NO_MORE else answer
        finally:
            asked.close()

    async def open(self, method: str, *, timeout: float | None = None) -> AsyncHostStream:
        """Open an exchange of many values with the host; use it in an ``async with`` statement."""
        from ._asked import NOTHING, Asked

        asked = Asked(self._served, method, timeout)
        return AsyncHostStream(await asked.open_async(0, NOTHING))

    async def stream(
        self, method: str, value: Any = None, *, timeout: float | None = None
    ) -> AsyncHostStream:
        """Call a method of the host with one value, and iterate over its answer."""
        from ._asked import Asked

        asked = Asked(self._served, method, timeout)
        return AsyncHostStream(await asked.open_async(m.END, value))


class AsyncHostStream:
    """An exchange with the host: iterate over the values of its answer with ``async for``.

    One task may send while another iterates. Leaving its ``async with`` statement gives up what
    is left of it. :class:`Error` is how the host has ended it.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    async def send(self, value: Any) -> None:
        """Send one more value, as soon as the host is ready to take it.

        Once the host has ended the exchange this does nothing. After :meth:`close_send`, and
        after the one value of ``stream``, it is a :class:`RuntimeError`.
        """
        await self._asked.wait_async(self._asked.sender(0, value))

    async def close_send(self) -> None:
        """Say that no more values will be sent."""
        from ._asked import NOTHING

        await self._asked.wait_async(self._asked.sender(m.END, NOTHING))

    def close(self) -> None:
        """Give up what is left of the exchange."""
        self._asked.close()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        value = await self._asked.wait_async(self._asked.look_for_output)
        if value is NO_MORE:
            raise StopAsyncIteration
        return value

    async def __aenter__(self) -> AsyncHostStream:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

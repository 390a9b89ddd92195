"""The event loop, and the handlers that run on it. Workers that need none don't import this."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from time import monotonic
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._context import AsyncContext
from ._encode import NIL
from ._errors import Cancelled, Error
from ._handler import discard

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ._served import Served


class Loop:
    """The event loop, which the main thread turns. Its other methods may be called by any."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: float | None = None  # since when it has not turned

    def initialize(self, init: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end, before the loop turns for all."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(init)

    def turn(self) -> None:
        """Run whatever there is to run, for ever."""
        asyncio.set_event_loop(self._loop)
        while not self._loop.is_closed():
            try:
                self._loop.run_forever()
            except BaseException:
                logging.getLogger("kinwire").exception("something broke out of the event loop")

    def call(self, call: Callable[[], Any]) -> None:
        """Call something there."""
        with contextlib.suppress(RuntimeError):  # closed: a handler has done that
            self._loop.call_soon_threadsafe(call)

    def run(self, hook: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end, from another thread."""
        asyncio.run_coroutine_threadsafe(hook, self._loop).result()

    def begin(self, served: Served) -> None:
        """Start the handler of an exchange."""

        def begin() -> None:
            task = self._loop.create_task(_serve(served))
            self._tasks.add(task)  # the loop itself keeps but a weak reference
            task.add_done_callback(self._tasks.discard)

        self._ask(begin)

    def stuck(self) -> float:
        """Return for how many seconds the loop has not turned, as far as anybody has looked."""
        asked = self._asked
        if asked is not None:
            return monotonic() - asked
        self._ask(lambda: None)
        return 0.0

    def _ask(self, call: Callable[[], Any]) -> None:
        if self._asked is None:
            self._asked = monotonic()

        def turned() -> None:
            self._asked = None
            call()

        self.call(turned)


async def _serve(served: Served) -> None:
    """Run an asynchronous handler to its end."""
    method = served.method
    failed: BaseException | None = None
    try:
        task = asyncio.current_task()
        assert task is not None
        served.runs_as(task.cancel)
        args = served.arguments()
        result = method.invoke(args, AsyncContext(served) if method.wants_context else None)
        if isinstance(result, AsyncGenerator):
            await _send_all(served, result)
            await served.wait_async(served.sender(m.END | m.EMPTY, NIL))
        else:
            value = await result if isinstance(result, Awaitable) else result
            if isinstance(value, (Generator, AsyncGenerator)):
                raise Error("failed", f"{served.whose()} a generator: yield its values instead")
            if isinstance(value, Awaitable):
                discard(value)
                raise Error("failed", f"{served.whose()} an awaitable: await it first")
            await served.wait_async(served.value_sender(value, m.END))
    except BaseException as e:
        failed = e
    served.finish(failed)


async def _send_all(served: Served, values: AsyncGenerator[Any, Any]) -> None:
    try:
        async for value in values:
            try:
                await served.wait_async(served.value_sender(value, 0))
            except (asyncio.CancelledError, Cancelled, Error) as e:
                # It is raised where the generator stands, which may tidy up.
                with contextlib.suppress(StopAsyncIteration):
                    await values.athrow(e)
                raise
    finally:
        await values.aclose()

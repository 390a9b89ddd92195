"""An exchange that the host has opened, and its handler."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from time import monotonic
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Union

from . import _messages as m
from ._check import Undecodable
from ._context import AsyncContext, Context, Inputs
from ._encode import NIL, Parts, encode, size_of
from ._errors import Cancelled, Error, answer, read_error, Violation
from ._methods import Gives, Method, Takes
from ._waiting import NO_MORE, WAIT, Wait, Waitable

if TYPE_CHECKING:
    from ._asked import Asked
    from ._keeper import Alarm
    from ._session import Session

UNREAD = 4 << 20
"""How much may lie unread of an exchange whose sender knows no credit."""


class Served(Waitable):
    """An exchange that the host has opened. All it holds is guarded by the session's lock.

    It is over, as far as the host can see, when its END is sent: when the handler has returned, or
    before that, when it is stopped. Then the handler is told so, and has nobody left to tell.
    """

    __slots__ = (
        "_alarm",
        "_balance",
        "_consumed",
        "_ended",
        "_inputs",
        "_task",
        "_their_balance",
        "_unread",
        "asked",
        "deadline",
        "id",
        "meta",
        "method",
        "over",
        "session",
        "started",
        "stopped",
    )

    def __init__(
        self, session: Session, exchange: int, method: Method, meta: dict[str, Any] | None
    ) -> None:
        super().__init__(session.lock)
        self.session = session
        self.id = exchange
        self.method = method
        self.meta = meta
        self.deadline: float | None = None
        self.started = False
        self.over = False  # END is sent
        self.stopped: Cancelled | None = None  # why that was before the handler returned
        self.asked: set[Asked] | None = None  # calls to the host that end with this exchange
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[None] | None = None
        self._inputs: deque[tuple[Any, int, int]] = deque()  # values, their size and cost
        self._unread = 0
        self._ended: Union[None, bool, Error] = None  # how the inputs have
        self._balance = session.their_window
        self._their_balance = session.window
        self._consumed = 0  # and not yet granted

    # What the reader does. ###############################################################

    def limit_locked(self, seconds: float) -> None:
        """Stop the exchange after that time."""
        self.deadline = monotonic() + seconds
        self._alarm = self.session.keeper.at(self.deadline, self._late)

    def _late(self) -> None:
        with self._lock:
            self.stop_locked("deadline_exceeded", "the time was up before the handler was done")

    def receive_locked(self, flags: int, payload: Any, size: int, charged: int) -> None:
        """Take an Input, of that size, of which so much is to be paid for by credit."""
        if self._ended is not None:
            return
        if flags & m.ERROR:
            self._ended = read_error(payload)
        else:
            if not flags & m.EMPTY:
                self._inputs.append((payload, size, charged))
                self._unread += size
            elif charged:
                self._consume_locked(charged)
            if flags & m.END:
                self._ended = True
        self.wake_locked()
        if self._unread > UNREAD and len(self._inputs) > 1 and not self.session.with_credit:
            self.stop_locked("failed", "more input lies unread than the worker can keep")

    def charge_locked(self, size: int) -> None:
        """Take the credit for an Input of that size."""
        if self._their_balance <= 0:
            raise Violation("credit", f"an Input of exchange {self.id} came without credit")
        self._their_balance -= size

    def grant_locked(self, credit: int) -> None:
        """Take leave to send more."""
        self._balance = min(self._balance + credit, m.MOST_INT)
        self.wake_locked()

    @property
    def ended(self) -> bool:
        """Whether the host has sent the last of its Inputs."""
        return self._ended is not None

    def ready_locked(self) -> bool:
        """Report whether the handler can be started, and has not been."""
        if self.started or self.over:
            return False
        if self.method.takes is Takes.VALUE and not self._inputs and self._ended is None:
            return False
        self.started = True
        return True

    def stop_locked(self, code: str, reason: str) -> None:
        """End the exchange with an error, and tell its handler."""
        if self.over:
            return
        self.stopped = Cancelled(code, reason)
        self._end_locked()
        self.session.send_error_locked(self.id, Error(code, reason))
        if self._task is not None:
            self.session.loop_call(self._task.cancel)
        for asked in tuple(self.asked or ()):
            asked.give_up_locked(reason)
        self.wake_locked()

    def _end_locked(self) -> None:
        self.over = True
        del self.session.served[self.id]
        if self._alarm is not None:
            self.session.keeper.cancel(self._alarm)
        self._inputs.clear()

    # What the handler does. ##############################################################

    def check(self) -> None:
        """Raise Cancelled if the exchange was stopped."""
        if self.stopped is not None:
            raise Cancelled(self.stopped.code, self.stopped.reason)

    def look_for_stop(self) -> None | Wait:
        """Wait for nothing but the stop."""
        self.check()
        return WAIT

    def look_for_input(self) -> Any:
        """Take the next value, or NO_MORE."""
        self.check()
        if self._inputs:
            value, size, charged = self._inputs.popleft()
            self._unread -= size
            if charged and self._ended is None:
                self._consume_locked(charged)
            if isinstance(value, Undecodable):
                raise Error("bad_input", f"a value can't be decoded: {value.reason}")
            return value
        if self._ended is None:
            return WAIT
        if isinstance(self._ended, Error):
            raise self._ended
        return NO_MORE

    def _consume_locked(self, size: int) -> None:
        self._consumed += size
        if self._consumed >= self.session.window // 2 and self.session.with_credit:
            self._their_balance += self._consumed
            self.session.writer.reply_locked(m.frame(m.CREDIT, self.id, self._consumed))
            self._consumed = 0

    def _sender(self, flags: int, parts: Parts) -> Any:
        """Return a look that sends an Output once there is credit and room for it."""
        frame = self.session.output(self.id, flags, parts)
        size = size_of(frame) - 4

        def look() -> None | Wait:
            self.check()
            if self._balance <= 0 and self.session.with_credit:
                return WAIT
            if self.session.writer.crowded_locked(self.wake_locked):
                return WAIT
            self._balance -= size
            if flags & m.END:
                self._end_locked()
            self.session.writer.put_locked(frame)
            return None

        return look

    def _value_look(self, value: Any, flags: int) -> Any:
        return self._sender(flags, encode(value, self._whose()))

    def _whose(self) -> str:
        verb = "yielded" if self.method.gives is Gives.STREAM else "returned"
        return f"{self.method.label} {verb}"

    def _arguments(self, value: Any) -> tuple[Any, ...]:
        convert = self.method.convert
        if convert is not None:
            value = convert(value, self.method.value_name)
        return (value,)

    def _missing(self) -> tuple[Any, ...]:
        """Return the arguments of a handler that was sent no value."""
        if self.method.optional:
            return ()
        raise Error("bad_input", f"{self.method.label} takes a value, and none came")

    def _first(self) -> tuple[Any, ...]:
        takes = self.method.takes
        if takes is Takes.VALUE:
            with self._lock:
                value = self.look_for_input()
            return self._missing() if value is NO_MORE else self._arguments(value)
        return (Inputs(self, self.method.convert),) if takes is Takes.INPUTS else ()

    def run(self) -> None:
        """Run a synchronous handler to its end."""
        method = self.method
        begun = monotonic()
        try:
            self.check()
            args = self._first()
            context = Context(self) if method.wants_context else None
            result = method.invoke(args, context)
        except BaseException as e:
            self.fail(e)
        else:
            self.answer(result)
        method.note(monotonic() - begun)

    def answer(self, result: Any) -> None:
        """Answer with what a synchronous handler has returned."""
        failed = None
        try:
            if self.method.gives is Gives.STREAM or isinstance(result, GeneratorType):
                self._send_all(result)
                self.wait(self._sender(m.END | m.EMPTY, NIL))
            else:
                if isinstance(result, Awaitable):
                    _discard(result)
                    raise Error("failed", f"{self._whose()} an awaitable: make it `async def`")
                self.wait(self._value_look(result, m.END))
        except BaseException as e:
            failed = e
        self._finish(failed)

    def fail(self, e: BaseException) -> None:
        """Answer with what a synchronous handler has raised."""
        self._finish(e)

    def _send_all(self, values: Any) -> None:
        try:
            for value in values:
                try:
                    look = self._value_look(value, 0)
                    self.wait(look)
                except (Cancelled, Error) as e:
                    # It is raised where the generator stands, which may tidy up.
                    values.throw(e)
                    raise
        finally:
            values.close()

    async def run_async(self) -> None:
        """Run an asynchronous handler to its end."""
        method = self.method
        failed: BaseException | None = None
        try:
            with self._lock:
                self._task = asyncio.current_task()
                self.check()
            args = self._first()
            context = AsyncContext(self) if method.wants_context else None
            result = method.invoke(args, context)
            if method.gives is Gives.STREAM:
                await self._send_all_async(result)
                await self.wait_async(self._sender(m.END | m.EMPTY, NIL))
            else:
                value = await result
                if isinstance(value, (GeneratorType, AsyncGeneratorType)):
                    raise Error("failed", f"{self._whose()} a generator: yield its values instead")
                await self.wait_async(self._value_look(value, m.END))
        except BaseException as e:
            failed = e
        self._finish(failed)

    async def _send_all_async(self, values: Any) -> None:
        try:
            async for value in values:
                try:
                    await self.wait_async(self._value_look(value, 0))
                except (asyncio.CancelledError, Cancelled, Error) as e:
                    await values.athrow(e)
                    raise
        finally:
            await values.aclose()

    def _finish(self, failed: BaseException | None) -> None:
        told = answer(failed) if failed is not None else None
        with self._lock:
            if not self.over:
                self._end_locked()
                self.session.send_error_locked(self.id, told or Error("failed"))
            for asked in tuple(self.asked or ()):
                asked.give_up_locked("the handler that made the call has returned")
            self.session.returned_locked()
        if failed is not None:
            self.session.report(self, failed)


def _discard(awaitable: Awaitable[Any]) -> None:
    """Keep Python from complaining that nobody awaits it: the caller will be told."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()

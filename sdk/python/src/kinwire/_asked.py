"""An exchange that a handler has opened with the host."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._check import Undecodable
from ._encode import NIL, encode, size_of
from ._errors import Cancelled, Error, Violation, read_error
from ._frames import frame_of, input_head
from ._served import UNREAD
from ._waiting import NO_MORE, WAIT, Wait, Waitable

if TYPE_CHECKING:
    from ._keeper import Alarm
    from ._served import Served


class _Nothing:
    def __repr__(self) -> str:
        return "kinwire.NOTHING"


NOTHING: Any = _Nothing()
"""Stands for no value at all, where None would be one."""


class Asked(Waitable):
    """A call of a handler to its host. All it holds is guarded by the session's lock.

    It keeps its place at the host until the host has ended it, and so may outlast the caller.
    """

    __slots__ = (
        "_alarm",
        "_balance",
        "_caller",
        "_consumed",
        "_ended",
        "_given_up",
        "_outputs",
        "_sent_all",
        "_session",
        "_their_balance",
        "_unread",
        "id",
        "method",
    )

    def __init__(self, caller: Served, method: str, timeout: float | None) -> None:
        session = caller.session
        super().__init__(session.lock)
        if not isinstance(method, str):
            raise TypeError(f"the name of a method is a str, and not {method!r}")
        self.id = 0  # until it is open
        self.method = method
        self._session = session
        self._caller = caller
        self._given_up: BaseException | None = None  # what its caller is told
        self._ended: bool | Error | None = None  # how it has
        self._outputs: deque[tuple[Any, int]] = deque()
        self._unread = 0
        self._sent_all = False
        self._balance = session.their_window
        self._their_balance = session.window
        self._consumed = 0
        self._alarm: Alarm | None = None
        with self._lock:
            caller.check()
            if caller.asked is None:
                caller.asked = set()
            caller.asked.add(self)
            if timeout is not None:
                self._alarm = session.keeper.at(monotonic() + timeout, self._late)

    def _late(self) -> None:
        with self._lock:
            late = Error("deadline_exceeded", f"the host has not answered {self.method!r} in time")
            self._leave_locked(late, "the time is up")

    # What the reader does. ###############################################################

    def receive_locked(self, output: m.Output, size: int) -> None:
        """Take an Output of that size."""
        session = self._session
        if session.with_credit and not output.flags & m.ERROR:
            if self._their_balance <= 0:
                raise Violation("credit", f"an Output of exchange {self.id} came without credit")
            self._their_balance -= size
        if output.flags & m.ERROR:
            self._ended = read_error(output.payload)
        elif output.flags & m.EMPTY or self._given_up:
            self._consume_locked(size)
        else:
            self._outputs.append((output.payload, size))
            self._unread += size
        if output.flags & m.END and self._ended is None:
            self._ended = True
        if self._ended is not None:
            self._over_locked()
        elif self._unread > UNREAD and len(self._outputs) > 1 and not session.with_credit:
            flood = Error("overloaded", "more of the host's answer lies unread than can be kept")
            self._leave_locked(flood, "too much lies unread")
        self.wake_locked()

    def grant_locked(self, credit: int) -> None:
        """Take leave to send more."""
        self._balance = min(self._balance + credit, m.MOST_INT)
        self.wake_locked()

    def _over_locked(self) -> None:
        del self._session.asked[self.id]
        self._session.free_place_locked()
        self._forget_locked()

    def _forget_locked(self) -> None:
        if self._alarm is not None:
            self._session.keeper.cancel(self._alarm)
            self._alarm = None
        if self._caller.asked is not None:
            self._caller.asked.discard(self)

    def _consume_locked(self, size: int) -> None:
        session = self._session
        self._consumed += size
        if not session.with_credit or self._ended is not None or self.id not in session.asked:
            return
        if self._consumed >= session.window // 2 or self._given_up:
            self._their_balance += self._consumed
            session.writer.reply_locked(frame_of(m.CREDIT, self.id, self._consumed))
            self._consumed = 0

    # What gives it up. ###################################################################

    def give_up_locked(self, reason: str) -> None:
        """End the call, since the exchange of its caller is over."""
        stopped = self._caller.stopped
        cause = Cancelled(stopped.code, stopped.reason) if stopped else Cancelled(reason=reason)
        self._leave_locked(cause, reason)

    def close(self) -> None:
        """Give up whatever is left of it."""
        with self._lock:
            self._leave_locked(Error("canceled", "the call was closed"), "no longer needed")

    def _leave_locked(self, cause: BaseException, reason: str) -> None:
        if self._given_up is not None or self._ended is not None:
            return
        self._given_up = cause
        session = self._session
        self._forget_locked()
        if self.id:
            if session.with_cancel:
                session.writer.put_locked((frame_of(m.CANCEL, self.id, reason),))
            unread = sum(size for _, size in self._outputs)
            self._outputs.clear()
            if unread:
                self._consume_locked(unread)
        elif self in session.queue:
            session.queue.remove(self)
            session.free_place_locked()  # which may have been for this one
        self.wake_locked()

    def _check_locked(self) -> None:
        if self._given_up is not None:
            raise self._given_up
        self._caller.check()

    # What the handler does. ##############################################################

    def opener(self, flags: int, value: Any) -> Callable[[], Wait | None]:
        """Return a look that opens the exchange once the host has a place for it."""
        session = self._session
        parts = NIL
        if value is NOTHING:
            flags |= m.EMPTY
        else:
            parts = encode(value, f"the call of {self.method!r} has")
        self._sent_all = bool(flags & m.END)

        def look() -> Wait | None:
            self._check_locked()
            if not session.place_locked(self):
                return WAIT
            number = session.next_id
            head = input_head(number, flags, self.method, self._meta(), size_of(parts))
            if len(head) - 4 + size_of(parts) > session.their_max_frame:
                error = Error(
                    "too_large", f"the call of {self.method!r} is larger than the host accepts"
                )
                self._given_up = error
                self._forget_locked()
                session.free_place_locked()
                raise error
            self.id = number
            session.opened_locked(self)
            session.writer.put_locked((head, *parts))
            return None

        return look

    def _meta(self) -> dict[str, Any] | None:
        ends = [a for a in (self._caller.deadline, self._alarm and self._alarm.when) if a]
        meta = {"timeout_ms": max(0, ceil((min(ends) - monotonic()) * 1000))} if ends else {}
        for key in ("traceparent", "tracestate"):
            if self._caller.meta and key in self._caller.meta:
                meta[key] = self._caller.meta[key]
        return meta or None

    def open(self, flags: int, value: Any) -> Asked:
        """Open the exchange, or give it up."""
        try:
            self.wait(self.opener(flags, value))
        except BaseException:
            self.close()
            raise
        return self

    async def open_async(self, flags: int, value: Any) -> Asked:
        """Do what open does, without holding up the event loop."""
        try:
            await self.wait_async(self.opener(flags, value))
        except BaseException:
            self.close()
            raise
        return self

    def sender(self, flags: int, value: Any) -> Callable[[], Wait | None]:
        """Return a look that sends one more Input once there is credit for it."""
        session = self._session
        if value is NOTHING:
            flags |= m.EMPTY
            parts = NIL
        elif self._sent_all:
            raise RuntimeError(f"a value for {self.method!r} after the last one")
        else:
            parts = encode(value, f"the call of {self.method!r} was sent")
        head = input_head(self.id, flags, None, None, size_of(parts))
        size = len(head) - 4 + size_of(parts)
        if size > session.their_max_frame:
            raise Error("too_large", "a value is larger than the host accepts")

        def look() -> Wait | None:
            self._check_locked()
            if self._ended is not None or self._sent_all:
                return None  # nobody wants it any more; the answer says why
            if self._balance <= 0 and session.with_credit:
                return WAIT
            if session.writer.crowded_locked(self.wake_locked):
                return WAIT
            self._balance -= size
            self._sent_all = bool(flags & m.END)
            session.writer.put_locked((head, *parts))
            return None

        return look

    def look_for_output(self) -> Any:
        """Take the next value of the answer, or NO_MORE; Error is how the host has ended it."""
        self._check_locked()
        if self._outputs:
            value, size = self._outputs.popleft()
            self._unread -= size
            self._consume_locked(size)
            if isinstance(value, Undecodable):
                raise Error("failed", f"the host's answer can't be decoded: {value.reason}")
            return value
        if self._ended is None:
            return WAIT
        if isinstance(self._ended, Error):
            raise Error(self._ended.code, self._ended.message, self._ended.data)
        return NO_MORE

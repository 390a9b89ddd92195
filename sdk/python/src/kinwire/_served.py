"""An exchange that the host has opened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._check import Undecodable
from ._encode import Parts, encode, size_of
from ._errors import Cancelled, Error, Violation, answer, read_error
from ._frames import frame_of, output_frame
from ._inputs import Inputs
from ._shape import Gives, Takes
from ._waiting import NO_MORE, WAIT, Wait, Waitable

if TYPE_CHECKING:
    from ._asked import Asked
    from ._keeper import Alarm
    from ._methods import Method
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
        "_cancel",
        "_consumed",
        "_ended",
        "_inputs",
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
        self._cancel: Callable[[], Any] | None = None
        self._inputs: deque[tuple[Any, int, int]] = deque()  # values, their size and cost
        self._unread = 0
        self._ended: bool | Error | None = None  # how the inputs have
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
        if self._cancel is not None and self.session.loop is not None:
            self.session.loop.call(self._cancel)
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

    def runs_as(self, cancel: Callable[[], Any]) -> None:
        """Note how the handler's task is cancelled, unless it is too late for that."""
        with self._lock:
            self.check()
            self._cancel = cancel

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
            self.session.writer.reply_locked(frame_of(m.CREDIT, self.id, self._consumed))
            self._consumed = 0

    def sender(self, flags: int, parts: Parts) -> Any:
        """Return a look that sends an Output once there is credit and room for it."""
        frame = output_frame(self.id, flags, parts, self.session.their_max_frame)
        size = size_of(frame) - 4

        def look() -> Wait | None:
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

    def value_sender(self, value: Any, flags: int) -> Any:
        """Return a look that sends a value."""
        return self.sender(flags, encode(value, self.whose()))

    def whose(self) -> str:
        """Return the beginning of a complaint about a value."""
        verb = "yielded" if self.method.gives is Gives.STREAM else "returned"
        return f"{self.method.label} {verb}"

    def _convert(self, value: Any) -> tuple[Any, ...]:
        convert = self.method.convert
        if convert is not None:
            value = convert(value, self.method.value_name)
        return (value,)

    def _missing(self) -> tuple[Any, ...]:
        """Return the arguments of a handler that was sent no value."""
        if self.method.optional:
            return ()
        raise Error("bad_input", f"{self.method.label} takes a value, and none came")

    def arguments(self) -> tuple[Any, ...]:
        """Return what the handler is called with."""
        takes = self.method.takes
        if takes is Takes.VALUE:
            with self._lock:
                value = self.look_for_input()
            return self._missing() if value is NO_MORE else self._convert(value)
        return (Inputs(self, self.method.convert),) if takes is Takes.INPUTS else ()

    def finish(self, failed: BaseException | None) -> None:
        """Note that the handler has returned; if it has failed, that is its answer."""
        told = None
        if failed is not None:
            told = answer(failed)
            self.session.report(self, failed)
        with self._lock:
            if not self.over:
                self._end_locked()
                self.session.send_error_locked(self.id, told or Error("failed"))
            for asked in tuple(self.asked or ()):
                asked.give_up_locked("the handler that made the call has returned")
            self.session.returned_locked()

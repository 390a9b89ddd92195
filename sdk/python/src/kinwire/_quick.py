"""Calls that are over before anything else can happen.

Most calls bring one value to a method that takes one and gives one, at once. Such a call is run
by the thread that has read it, and nobody needs to know of it: no exchange is made for it, unless
something happens while it runs that is about all exchanges.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._check import SCALARS, Undecodable
from ._encode import encode
from ._frames import output_frame
from ._handler import answer
from ._served import Served

if TYPE_CHECKING:
    from ._methods import Method
    from ._session import Session

_SOON = 0.02  # a call whose time is up before that is not left alone


class Quick:
    """The call that the reading thread is at."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._methods: dict[str, Method] = session.about.methods
        self._method: Method | None = None  # None while there is no such call
        self._id = 0
        self._payload: Any = None
        self._meta: dict[str, Any] | None = None
        self._begun = 0.0
        self._served: Served | None = None  # an exchange, once it has been made

    def take(self, message: list[Any]) -> bool:
        """Report whether a message is such a call, which run will answer.

        Whatever is strange about a message makes it another's affair.
        """
        if len(message) != 6:
            return False
        kind, exchange, flags, name, meta, payload = message
        if kind != m.INPUT or flags != m.END or type(name) is not str:
            return False
        method = self._methods.get(name)
        session = self._session
        if (
            method is None
            or not method.quick
            or not method.is_plain
            or type(exchange) is not int
            or not exchange & 1
            or not 0 < exchange <= m.MOST_ID
            or not session.established
            or session.refusing
            or exchange in session.served
            or len(session.served) >= session.about.concurrency
            or (meta is not None and not _harmless(meta))
            or type(payload) is Undecodable
        ):
            return False
        self._id, self._meta, self._payload = exchange, meta, payload
        self._begun = monotonic()
        self._method = method
        return True

    def run(self) -> None:
        """Answer the call."""
        session, exchange, method = self._session, self._id, self._method
        assert method is not None
        failed: BaseException | None = None
        frame = result = None
        begun = self._begun
        try:
            value = self._payload
            if method.convert is not None:
                value = method.convert(value, method.value_name)
            result = method.function(value)
            if type(result) in SCALARS or type(result) in (dict, list):
                payload = encode(result, f"{method.label} returned")
                frame = output_frame(exchange, m.END, payload, session.their_max_frame)
        except BaseException as e:
            failed = e
        method.note(monotonic() - begun)
        with session.lock:
            served, self._served = self._served, None
            if served is None:
                if frame is not None:
                    self._method = self._payload = None
                    session.writer.put_locked(frame)
                    return
                self.adopt_locked()
                served, self._served = self._served, None
            self._method = self._payload = None
        assert served is not None
        if failed is not None:
            served.finish(failed)
        else:
            answer(served, result)

    def adopt_locked(self) -> None:
        """Make an exchange of the call, if there is one."""
        method = self._method
        if method is None or self._served is not None:
            return
        session = self._session
        served = self._served = Served(session, self._id, method, self._meta)
        served.started = True
        session.served[self._id] = served
        session.running += 1
        served.receive_locked(m.END | m.EMPTY, None, 0, 0)
        if self._meta is not None:
            left = self._meta.get("timeout_ms")
            if left is not None:
                served.limit_locked(self._begun + left / 1000 - monotonic())


def _harmless(meta: Any) -> bool:
    """Report whether a meta limits no call that is quick."""
    if type(meta) is not dict or not all(type(key) is str for key in meta):
        return False
    left = meta.get("timeout_ms")
    return left is None or (type(left) is int and left > _SOON * 1000)

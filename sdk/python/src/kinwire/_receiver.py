"""What the host sends, and what becomes of it."""

from __future__ import annotations

from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._check import Buffer, decode
from ._crew import Crew, Job
from ._errors import FAILED, ORPHANED, VIOLATION, Error, Violation, describe
from ._frames import frame_of
from ._handler import run
from ._quick import Quick
from ._reader import Reader
from ._served import Served

if TYPE_CHECKING:
    from ._session import Session


class Receiver:
    """Deals with the frames that come, one after the other, on whichever thread reads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reader = Reader(session.link, session.about.max_frame)
        self._crew = Crew(self._read, self._adopt, session.about.concurrency)
        self._quick = Quick(session)
        self._hello: SimpleQueue[m.Initialize] = SimpleQueue()

    def start(self) -> None:
        """Begin to read."""
        self._crew.start()

    def await_hello(self) -> m.Initialize:
        """Wait for Initialize and return it."""
        return self._hello.get()

    def settle_locked(self) -> None:
        """Make sure that all calls are in served, for one who is not the reader."""
        self._quick.adopt_locked()

    def _adopt(self) -> None:
        """Make an exchange of the call that the thread is at which read for all."""
        with self._session.lock:
            self._quick.adopt_locked()

    def _read(self) -> Job | None:
        """Deal with one frame; what is to be done on this thread is returned."""
        ending = self._session.ending
        try:
            body = self._reader.next()
            if body is not None:
                return self._receive(body)
            ending.lost(ORPHANED, "the host is gone")
        except Violation as e:
            ending.lost(VIOLATION, str(e))
        except OSError as e:
            ending.lost(ORPHANED, f"the host is gone: {e}")
        except Exception as e:  # no memory, or no thread: nobody would read on
            ending.lost(FAILED, f"the worker can't go on: {describe(e)}")
        raise EOFError

    def _receive(self, body: Buffer) -> Job | None:
        message = decode(body)
        if self._crew.may_lead and self._quick.take(message):
            return self._quick.run
        received = m.parse(message)
        session = self._session
        if received is None:
            return None
        if isinstance(received, m.Initialize):
            if session.greeted:
                raise Violation("order", "Initialize came twice")
            session.greeted = True
            self._hello.put(received)
            return None
        if not session.established:
            raise Violation("order", f"{type(received).__name__} came before Initialized")
        if isinstance(received, m.Input):
            return self._input(received, len(body))
        with session.lock:
            self._react_locked(received, len(body))
        return None

    def _react_locked(self, received: m.Message, size: int) -> None:
        session = self._session
        if isinstance(received, m.Ping):
            session.writer.reply_locked(frame_of(m.PONG, received.seq, self._status_locked()))
        elif isinstance(received, m.Output):
            asked = session.asked.get(received.id)
            if asked is not None:
                asked.receive_locked(received, size)
        elif isinstance(received, m.Cancel):
            served = session.served.get(received.id)
            if served is not None and session.with_cancel:
                served.stop_locked("canceled", received.reason or "the caller has given up")
        elif isinstance(received, m.Credit):
            exchange = session.served.get(received.id) or session.asked.get(received.id)
            if exchange is not None and session.with_credit:
                exchange.grant_locked(received.bytes)
        elif isinstance(received, m.Shutdown):
            session.ending.shutdown_locked(received.grace_ms / 1000, received.reason)

    def _status_locked(self) -> dict[str, int]:
        session = self._session
        status = {"in_flight": session.running}
        if session.loop is not None:
            status["stuck_ms"] = min(int(session.loop.stuck() * 1000), m.MOST_INT)
        return status

    def _input(self, received: m.Input, size: int) -> Job | None:
        session = self._session
        with session.lock:
            served = self._deliver_locked(received, size)
            if served is None or not served.ready_locked():
                return None
            session.running += 1
            method = served.method
            if method.is_async and session.loop is not None:
                session.loop.begin(served)
                return None
        job = partial(run, served)
        if method.quick and self._crew.may_lead:
            return job
        self._crew.submit(job)
        return None

    def _deliver_locked(self, received: m.Input, size: int) -> Served | None:
        """Give an Input to its exchange, if it has one, and return that."""
        exchange, flags, name, meta, payload = received
        session = self._session
        charged = 0  # an Input that opens an exchange costs no credit
        if name is not None:
            served = self._open_locked(exchange, name, meta)
        else:
            served = session.served.get(exchange)
            if served is None or served.ended:
                return None
            if session.with_credit and not flags & m.ERROR:
                served.charge_locked(size)
                charged = size
        if served is not None:
            served.receive_locked(flags, payload, size, charged)
        return served

    def _open_locked(self, exchange: int, name: str, meta: dict[str, Any] | None) -> Served | None:
        """Return a new exchange, unless it is answered with an error."""
        session = self._session
        if exchange % 2 == 0:
            text = f"the host opened the exchange {exchange}, which is even"
            raise Violation("exchange-id", text)
        if exchange in session.served:
            raise Violation("exchange-id", f"the host opened the exchange {exchange} twice")
        method = session.about.methods.get(name)
        left = meta.get("timeout_ms") if meta is not None else None
        if session.refusing:
            error = Error("shutting_down", "no new requests are taken")
        elif method is None:
            error = Error("unknown_method", f"there is no method {name[:100]!r}")
        elif len(session.served) >= session.about.concurrency:
            error = Error("overloaded", f"{len(session.served)} calls are open, which is the limit")
        elif left is not None and left <= 0:
            error = Error("deadline_exceeded", "the time was up when the request came")
        else:
            served = session.served[exchange] = Served(session, exchange, method, meta)
            if left is not None:
                served.limit_locked(left / 1000)
            return served
        session.send_error_locked(exchange, error)
        return None

"""One run of a worker: what the host sends, and what becomes of it."""

from __future__ import annotations

import os
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, cast

from . import _messages as m
from ._asked import Asked
from ._check import Buffer, Undecodable, decode
from ._crew import Crew, Job
from ._encode import Parts, encode, size_of
from ._ending import Ending, leave
from ._errors import (
    FAILED,
    ORPHANED,
    VIOLATION,
    Cancelled,
    Error,
    Violation,
    answer,
    describe,
    error_map,
    is_cancelled,
)
from ._keeper import Keeper
from ._logs import Logs
from ._orphan import watch
from ._quick import Quick
from ._reader import Reader
from ._served import Served
from ._version import __version__
from ._writer import Writer

if TYPE_CHECKING:
    from ._link import Link
    from ._loop import Loop
    from ._worker import About

SDK = f"kinwire-python/{__version__}"

_MOST_TOLD = 64 << 10  # of an error of the initialisation
_SMALL = 4096  # a frame up to this is put together


class Session:
    """What all parts of a run share. Its lock guards their state, and puts frames in order.

    Nothing waits while it holds the lock, since the link is never waited for: see Writer.
    """

    def __init__(self, about: About, link: Link) -> None:
        self.about = about
        self.link = link
        self.lock = threading.Lock()
        self.window = about.window
        self.their_window = m.WINDOW
        self.their_max_frame = m.MAX_FRAME
        self.their_concurrency = m.CONCURRENCY
        self.with_credit = self.with_cancel = self.with_host_call = False
        self.served: dict[int, Served] = {}
        self.asked: dict[int, Asked] = {}
        self.queue: deque[Asked] = deque()  # who waits for a place at the host
        self.next_id = 2
        self.running = 0  # handlers, some of which may outlast their exchange
        self.refusing = False
        self.established = False

        self.keeper = Keeper()
        self.ending = Ending(self)
        self.writer = Writer(link, self.lock, self.ending.lost_locked)
        self.loop = _loop() if about.is_async else None
        self.logs = Logs(self)
        self._reader = Reader(link, about.max_frame)
        self._crew = Crew(self._read, self._adopt, about.concurrency)
        self._quick = Quick(self)
        self._hello: SimpleQueue[m.Initialize] = SimpleQueue()
        self.greeted = False

    # The main thread. ####################################################################

    def run(self) -> NoReturn:
        """Do all that a worker does, until the process exits."""
        try:
            self.keeper.start()
            self._crew.start()
            watched = watch(self.link.source)
        except RuntimeError as e:  # too many threads
            leave(FAILED, f"the worker can't start: {e}")
        hello = self._hello.get()
        watched.wait(1)
        if self._initialize(hello) and self.loop is not None:
            self.loop.turn()
        while True:  # the ending exits the process
            threading.Event().wait()

    def _initialize(self, hello: m.Initialize) -> bool:
        """Answer Initialize, and report whether the worker is one now."""
        self.their_max_frame = hello.max_frame
        self.their_window = hello.window
        self.their_concurrency = hello.concurrency
        features = [f for f in m.FEATURES if f in hello.features]
        self.logs.install(hello, "log" in features)
        if m.VERSION not in hello.versions:
            text = (
                f"the host speaks version {hello.versions} of the protocol, this worker {m.VERSION}"
            )
            return self.ending.refuse(Error("unsupported_version", text))
        try:
            self._call_init(hello.config)
        except BaseException as e:
            return self.ending.refuse(answer(e), e)
        told = {
            "version": m.VERSION,
            "name": self.about.name,
            "build": self.about.build,
            "sdk": SDK,
            "pid": os.getpid(),
            "methods": list(self.about.methods),
            "concurrency": self.about.concurrency,
            "max_frame": self.about.max_frame,
            "window": self.window,
            "features": features,
        }
        with self.lock:
            self.with_credit = "credit" in features
            self.with_cancel = "cancel" in features
            self.with_host_call = "host-call" in features
            self.established = True
            self.writer.put_locked((m.frame(m.INITIALIZED, told),))
        return True

    def _call_init(self, config: Any) -> None:
        init = self.about.init
        if init is None:
            return
        if isinstance(config, Undecodable):
            raise Error("bad_input", f"the config can't be decoded: {config.reason}")
        result = init.call(config)
        if self.loop is not None and init.is_async:
            self.loop.initialize(result)

    def failed_frame(self, error: Error) -> bytes:
        """Return the Initialized that tells why there is no worker."""
        most = min(_MOST_TOLD, self.their_max_frame // 2) // 4
        told = Error(error.code, error.message[:most], error.data)
        about = {
            "version": m.VERSION,
            "name": self.about.name[:most],
            "sdk": SDK,
            "pid": os.getpid(),
        }
        try:
            frame = m.frame(m.INITIALIZED, {**about, "error": error_map(told)})
            if len(frame) <= self.their_max_frame:
                return frame
        except Exception:  # data that can't be encoded
            pass
        told.data = None
        return m.frame(m.INITIALIZED, {**about, "error": error_map(told)})

    # The thread that reads. ##############################################################

    def _read(self) -> Job | None:
        """Deal with one frame; what is to be done on this thread is returned."""
        try:
            body = self._reader.next()
            if body is not None:
                return self._receive(body)
            self.ending.lost(ORPHANED, "the host is gone")
        except Violation as e:
            self.ending.lost(VIOLATION, str(e))
        except OSError as e:
            self.ending.lost(ORPHANED, f"the host is gone: {e}")
        except Exception as e:  # no memory, or no thread: nobody would read on
            self.ending.lost(FAILED, f"the worker can't go on: {describe(e)}")
        raise EOFError

    def _receive(self, body: Buffer) -> Job | None:
        message = decode(body)
        if self._crew.may_lead and self._quick.take(message):
            return self._quick.run
        received = m.parse(message)
        kind = type(received)
        if kind is m.Input and self.established:
            return self._input(received, len(body))  # type: ignore[arg-type]
        if received is None:
            return None
        if kind is m.Initialize:
            if self.greeted:
                raise Violation("order", "Initialize came twice")
            self.greeted = True
            self._hello.put(received)  # type: ignore[arg-type]
            return None
        if not self.established:
            raise Violation("order", f"{kind.__name__} came before Initialized")
        with self.lock:
            self._react_locked(received, len(body))
        return None

    def _react_locked(self, received: m.Message, size: int) -> None:
        if isinstance(received, m.Ping):
            self.writer.reply_locked(m.frame(m.PONG, received.seq, self._status_locked()))
        elif isinstance(received, m.Output):
            asked = self.asked.get(received.id)
            if asked is not None:
                asked.receive_locked(received, size)
        elif isinstance(received, m.Cancel):
            served = self.served.get(received.id)
            if served is not None and self.with_cancel:
                served.stop_locked("canceled", received.reason or "the caller has given up")
        elif isinstance(received, m.Credit):
            exchange: Served | Asked | None = self.served.get(received.id) or self.asked.get(
                received.id
            )
            if exchange is not None and self.with_credit:
                exchange.grant_locked(received.bytes)
        elif isinstance(received, m.Shutdown):
            self.ending.shutdown_locked(received.grace_ms / 1000, received.reason)

    def _input(self, received: m.Input, size: int) -> Job | None:
        exchange, flags, name, meta, payload = received
        with self.lock:
            if name is None:
                served = self.served.get(exchange)
                if served is None or served.ended:
                    return None
                charged = 0
                if self.with_credit and not flags & m.ERROR:
                    served.charge_locked(size)
                    charged = size
                served.receive_locked(flags, payload, size, charged)
            else:
                served = self._open_locked(exchange, name, meta)
                if served is None:
                    return None
                served.receive_locked(flags, payload, size, 0)
            if not served.ready_locked():
                return None
            self.running += 1
            method = served.method
            if method.is_async and self.loop is not None:
                self.loop.begin(served)
                return None
        if method.quick and self._crew.may_lead:
            return served.run
        self._crew.submit(served.run)
        return None

    def _adopt(self) -> None:
        """Make an exchange of the call that the thread is at which read for all."""
        with self.lock:
            self._quick.adopt_locked()

    def settle_locked(self) -> None:
        """Make sure that all calls are in served, for one who is not the reader."""
        self._quick.adopt_locked()

    def _open_locked(self, exchange: int, name: str, meta: dict[str, Any] | None) -> Served | None:
        """Return a new exchange, unless it is answered with an error."""
        if exchange % 2 == 0:
            raise Violation(
                "exchange-id", f"the host opened the exchange {exchange}, which is even"
            )
        if exchange in self.served:
            raise Violation("exchange-id", f"the host opened the exchange {exchange} twice")
        method = self.about.methods.get(name)
        left = meta.get("timeout_ms") if meta is not None else None
        if self.refusing:
            error = Error("shutting_down", "no new requests are taken")
        elif method is None:
            error = Error("unknown_method", f"there is no method {name[:100]!r}")
        elif len(self.served) >= self.about.concurrency:
            error = Error("overloaded", f"{len(self.served)} calls are open, which is the limit")
        elif left is not None and left <= 0:
            error = Error("deadline_exceeded", "the time was up when the request came")
        else:
            served = self.served[exchange] = Served(self, exchange, method, meta)
            if left is not None:
                served.limit_locked(left / 1000)
            return served
        self.send_error_locked(exchange, error)
        return None

    def _status_locked(self) -> dict[str, int]:
        status = {"in_flight": self.running}
        if self.loop is not None:
            status["stuck_ms"] = min(int(self.loop.stuck() * 1000), m.MOST_INT)
        return status

    # What exchanges use. #################################################################

    def output(self, exchange: int, flags: int, parts: Parts) -> Parts:
        """Return the frame of an Output; an Error says that it is too large."""
        size = size_of(parts)
        head = m.output_head(exchange, flags, size)
        if size + 13 > self.their_max_frame:
            head = m.tight_output_head(exchange, flags, size)
            if size + len(head) - 4 > self.their_max_frame:
                text = f"a frame is over the {self.their_max_frame} bytes that the host accepts"
                raise Error("too_large", text)
        if size < _SMALL:
            return (head + b"".join(parts),)
        return (head, *parts)

    def send_error_locked(self, exchange: int, error: Error) -> None:
        """End an exchange with an error."""
        flags = m.END | m.ERROR
        try:
            frame = self.output(exchange, flags, encode(error_map(error), "the error has"))
        except Error as e:
            text = (
                "the error is larger than the host accepts"
                if e.code == "too_large"
                else error.message
            )
            short = Error(error.code[:100], text[: self.their_max_frame // 8])
            frame = self.output(exchange, flags, encode(error_map(short), "the error has"))
        self.writer.reply_locked(b"".join(frame))

    def returned_locked(self) -> None:
        """Note that a handler has returned."""
        self.running -= 1
        self.ending.look_locked()

    def place_locked(self, asked: Asked) -> bool:
        """Report whether a call to the host can be opened now; if not, it is woken."""
        if not self.with_host_call:
            raise Error("unknown_method", "the host takes no calls from its worker")
        if len(self.asked) < self.their_concurrency and (not self.queue or self.queue[0] is asked):
            if self.queue:
                self.queue.popleft()
            return True
        if asked not in self.queue:
            self.queue.append(asked)
        return False

    def opened_locked(self, asked: Asked) -> None:
        """Note that a call has been given the next id."""
        self.asked[asked.id] = asked
        self.next_id += 2
        self.free_place_locked()

    def free_place_locked(self) -> None:
        """Wake whoever waits for a place at the host, if there is one."""
        if self.queue and len(self.asked) < self.their_concurrency:
            self.queue[0].wake_locked()

    def report(self, served: Served, failed: BaseException) -> None:
        """Log how a handler has failed, if that is not its answer or its caller's wish."""
        if not isinstance(failed, (Error, Cancelled)) and not is_cancelled(failed):
            self.logs.failed(served.method.label, failed)

    def forked(self) -> None:
        """Let go of the link in a process that is a copy of the worker, and none itself."""
        self.logs.close()
        self.link.close()
        self.keeper.close()
        self.lock = cast(threading.Lock, _NotHere())
        for exchange in (*self.served.values(), *self.asked.values()):
            exchange.belong_to(self.lock)


class _NotHere:
    """Stands for the lock in a process that a handler has forked, and is nobody's to take."""

    def __enter__(self) -> NoReturn:
        leave(FAILED, "a process that a handler has forked came back from it: use os._exit there")

    def __exit__(self, *how: object) -> None:
        """Nobody comes here."""


def _loop() -> Loop:
    from ._loop import Loop  # and asyncio, which takes a while

    return Loop()

"""One run of a worker, and what its parts share."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NoReturn, cast

from . import _messages as m
from ._asked import Asked
from ._ending import Ending, leave
from ._errors import FAILED, Cancelled, Error, is_cancelled
from ._frames import error_frame
from ._handshake import initialize
from ._keeper import Keeper
from ._logs import Logs
from ._orphan import watch
from ._receiver import Receiver
from ._served import Served
from ._writer import Writer

if TYPE_CHECKING:
    from ._link import Link
    from ._loop import Loop
    from ._worker import About


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
        self.greeted = False  # Initialize has come
        self.established = False  # and Initialized is sent
        self.refusing = False

        self.keeper = Keeper()
        self.ending = Ending(self)
        self.writer = Writer(link, self.lock, self.ending.lost_locked)
        self.loop = _loop() if about.is_async else None
        self.logs = Logs(self)
        self.receiver = Receiver(self)

    def run(self) -> NoReturn:
        """Do all that a worker does, until the process exits."""
        try:
            self.keeper.start()
            self.receiver.start()
            watched = watch(self.link.source)
        except RuntimeError as e:  # too many threads
            leave(FAILED, f"the worker can't start: {e}")
        hello = self.receiver.await_hello()
        watched.wait(1)
        if initialize(self, hello) and self.loop is not None:
            self.loop.turn()
        while True:  # the ending exits the process
            threading.Event().wait()

    def send_error_locked(self, exchange: int, error: Error) -> None:
        """End an exchange with an error."""
        self.writer.reply_locked(error_frame(exchange, error, self.their_max_frame))

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

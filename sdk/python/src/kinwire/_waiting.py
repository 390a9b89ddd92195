"""Something that handlers wait for, be they threads or coroutines."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


class Wait:
    """What a look returns for which there is nothing yet."""


WAIT = Wait()

NO_MORE = object()
"""What a look for the next value returns after the last one."""


class Waitable:
    """Something that is looked at under a lock until there is something to see.

    Its state changes under the lock alone, and whoever changes it wakes those who wait.
    """

    __slots__ = ("_lock", "_sleepers")

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._sleepers: list[Callable[[], None]] | None = None

    def belong_to(self, lock: threading.Lock) -> None:
        """Take another lock, in a process that has nothing but a copy of the first."""
        self._lock = lock

    def wake_locked(self) -> None:
        """Make all who wait look again."""
        sleepers = self._sleepers
        if sleepers:
            self._sleepers = None
            for wake in sleepers:
                wake()

    def _sleep_locked(self, wake: Callable[[], None]) -> None:
        if self._sleepers is None:
            self._sleepers = []
        self._sleepers.append(wake)

    def wait(self, look: Callable[[], T | Wait]) -> T:
        """Return what look gives once that is not WAIT. It is called with the lock."""
        while True:
            with self._lock:
                seen = look()
                if not isinstance(seen, Wait):
                    return seen
                gate = threading.Lock()
                gate.acquire()
                self._sleep_locked(gate.release)
            gate.acquire()

    async def wait_async(self, look: Callable[[], T | Wait]) -> T:
        """Do what wait does, without holding up the event loop."""
        import asyncio  # which who waits like that has imported long ago

        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                seen = look()
                if not isinstance(seen, Wait):
                    return seen
                gate = loop.create_future()
                self._sleep_locked(lambda gate=gate: _open(loop, gate))  # type: ignore[misc]
            await gate


def _open(loop: asyncio.AbstractEventLoop, gate: asyncio.Future[None]) -> None:
    def opened() -> None:
        if not gate.done():
            gate.set_result(None)

    with contextlib.suppress(RuntimeError):  # the loop is closed, and so nobody waits
        loop.call_soon_threadsafe(opened)

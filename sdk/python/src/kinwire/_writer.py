"""Puts frames on a link, each whole, and never waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from ._link import Link

_CROWDED = 256 << 10  # from here on those who can wait do
_TOO_MUCH = 16 << 20  # of answers that nobody can wait with


class Writer:
    """The way out. Its methods need the lock that it was given, which one of them lets go of.

    What does not go at once waits in a queue, from which a thread of its own writes. Frames
    leave in the order in which they were put.
    """

    def __init__(self, link: Link, lock: threading.Lock, lost: Callable[[str], None]) -> None:
        self._link = link
        self._lock = lock
        self._lost = lost
        self._queue: deque[bytes | memoryview] = deque()
        self._size = 0  # of the queue
        self._unasked = 0  # how much of it nobody could wait with, at the most
        self._more = threading.Condition(lock)
        self._drained = threading.Condition(lock)
        self._waiting: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self.broken = False

    def put_locked(self, parts: Sequence[bytes]) -> None:
        """Send a frame."""
        if self.broken or self._closed:
            return
        written = 0
        if not self._queue:
            try:
                written = self._link.write(parts)
            except OSError as e:
                self._break_locked(str(e))
                return
        for part in parts:
            if written >= len(part):
                written -= len(part)
                continue
            rest = memoryview(part)[written:] if written else part
            self._queue.append(rest)
            self._size += len(rest)
            written = 0
        if self._queue:
            self._wake_locked()

    def reply_locked(self, frame: bytes) -> None:
        """Send a frame that the host has caused; one who never reads may not cause too many."""
        self.put_locked((frame,))
        if self._queue:
            self._unasked += len(frame)
            if self._unasked > _TOO_MUCH:
                self._break_locked("it does not read")

    def try_put_locked(self, frame: bytes) -> bool:
        """Send a frame unless much is waiting, and report whether it did."""
        if self._size > _CROWDED or self.broken:
            return False
        self.put_locked((frame,))
        return True

    def crowded_locked(self, wake: Callable[[], None]) -> bool:
        """Report whether one who can wait should; then wake will be called, with the lock."""
        if self._size <= _CROWDED or self.broken:
            return False
        self._waiting.append(wake)
        return True

    def put_last_locked(self, frame: bytes) -> None:
        """Send the last frame: what is put behind it goes nowhere."""
        self.put_locked((frame,))
        self._closed = True

    def drain_locked(self, seconds: float) -> bool:
        """Wait until all is written, and report whether it is."""
        self._drained.wait_for(lambda: not self._queue or self.broken, seconds)
        return not self._queue and not self.broken

    def _break_locked(self, why: str) -> None:
        self.broken = True
        self._clear_locked()
        self._lost(why)

    def _wake_locked(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="kinwire-writer", daemon=True)
            self._thread.start()
        self._more.notify()

    def _drain(self) -> None:
        while True:
            with self._lock:
                while not self._queue:
                    self._more.wait()
            self._link.wait_writable(1)
            with self._lock:
                self._write_queue_locked()

    def _write_queue_locked(self) -> None:
        while self._queue:
            try:
                written = self._link.write(list(islice(self._queue, 64)))
            except OSError as e:
                self._break_locked(str(e))
                return
            if not written:
                return
            self._size -= written
            self._unasked = min(self._unasked, self._size)
            while written:
                first = self._queue.popleft()
                if len(first) > written:
                    self._queue.appendleft(memoryview(first)[written:])
                    break
                written -= len(first)
            if self._size <= _CROWDED // 2:
                self._rouse_locked()
        self._clear_locked()

    def _clear_locked(self) -> None:
        self._queue.clear()
        self._size = self._unasked = 0
        self._drained.notify_all()
        self._rouse_locked()

    def _rouse_locked(self) -> None:
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

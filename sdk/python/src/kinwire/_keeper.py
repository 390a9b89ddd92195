"""Calls back when a time has come or a signal has arrived, whatever the handlers do."""

from __future__ import annotations

import contextlib
import heapq
import os
import select
import signal
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic


class Alarm:
    """A call that is to be made at a time."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call: Callable[[], None] | None = call

    def __lt__(self, other: Alarm) -> bool:
        return self.when < other.when


class Keeper:
    """A thread that sleeps until there is something to do.

    What it calls must not wait, and may not take the keeper's time for long.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alarms: list[Alarm] = []
        self._void = 0  # how many of them were cancelled
        self._wakes_at = 0.0  # 0: it will look before it sleeps
        self._on_signal: dict[int, Callable[[], None]] = {}
        self._soon: deque[Callable[[], None]] = deque()
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._mouth, False)

    def start(self) -> None:
        """Begin; signals of :meth:`catch` that have come before are heard now."""
        threading.Thread(target=self._keep, name="kinwire-keeper", daemon=True).start()

    def catch(self, number: signal.Signals, call: Callable[[], None]) -> None:
        """Call back when a signal comes. Only the main thread may do this.

        Python tells of a signal in the main thread alone, which may be busy. So it is heard by
        the descriptor that the C handler writes to; when the main thread comes to it only if
        somebody has set another such descriptor, since a signal is to be heard once.
        """
        self._on_signal[number] = call
        signal.signal(number, self._tell)
        signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)

    def _tell(self, number: int, frame: object) -> None:
        heard_by = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        if heard_by != self._mouth:
            with contextlib.suppress(OSError, ValueError):  # closed since
                signal.set_wakeup_fd(heard_by)
            self._write(bytes((number,)))

    def soon(self, call: Callable[[], None]) -> None:
        """Call back as soon as may be. This takes no lock, and so can be done at any point."""
        self._soon.append(call)
        self._write(b"\0")

    def at(self, when: float, call: Callable[[], None]) -> Alarm:
        """Call back at a time of the monotonic clock."""
        alarm = Alarm(when, call)
        with self._lock:
            heapq.heappush(self._alarms, alarm)
            wake = when < self._wakes_at
            if wake:
                self._wakes_at = when
        if wake:
            self._write(b"\0")
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Call nothing back."""
        alarm.call = None
        with self._lock:
            self._void += 1
            if self._void > 64 and self._void > len(self._alarms) // 2:
                self._alarms = [a for a in self._alarms if a.call is not None]
                heapq.heapify(self._alarms)
                self._void = 0

    def _write(self, note: bytes) -> None:
        with contextlib.suppress(OSError):  # full, and so heard anyway; or closed in a fork
            os.write(self._mouth, note)

    def _keep(self) -> None:
        poll = select.poll()
        poll.register(self._ear, select.POLLIN)
        while True:
            wait = self._due()
            if poll.poll(wait):
                for number in frozenset(os.read(self._ear, 4096)):
                    call = self._on_signal.get(number)
                    if call is not None:
                        call()
                for _ in range(len(self._soon)):  # each may want to be called again
                    self._soon.popleft()()

    def _due(self) -> float | None:
        """Make the calls that are due, and return the milliseconds until the next one."""
        while True:
            with self._lock:
                if not self._alarms:
                    self._wakes_at = float("inf")
                    return None
                first = self._alarms[0]
                left = first.when - monotonic()
                if left > 0:
                    left = min(left, 86400.0)  # more than poll can be told
                    self._wakes_at = monotonic() + left
                    return left * 1000 + 1
                heapq.heappop(self._alarms)
                self._wakes_at = 0.0
                call, first.call = first.call, None
                if call is None:
                    self._void = max(0, self._void - 1)
            if call is not None:
                call()

    def close(self) -> None:
        """Forget it, in a process that has inherited it and is no worker."""
        for number in self._on_signal:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.close(self._ear)
        os.close(self._mouth)

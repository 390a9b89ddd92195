"""The threads: one reads at a time, and runs quick handlers itself.

A change of threads costs more than a small call. So the thread that has read an Input runs
its handler too, if that has been quick of late. Meanwhile nobody reads; but while calls
flow a second thread looks every other millisecond, and takes the reading over from one that
is still at the same handler. When nothing happens both sleep for good.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import monotonic

Job = Callable[[], None]

_TICK = 0.002  # between two looks of the one who stands by
_QUIET = 25  # looks at nothing, until he sleeps


class Crew:
    """Runs jobs, as many at a time as it may have threads, and reads all the while.

    read waits for what comes next and returns what is to be done about it by the reading thread
    itself, or None. It is called by one thread at a time; when it raises EOFError, reading is
    over. taken_over is called before another thread reads than the one that is at a job.
    """

    def __init__(self, read: Callable[[], Job | None], taken_over: Job, most: int) -> None:
        self._read = read
        self._taken_over = taken_over
        self._most = most
        self._lock = threading.Lock()

        self._running = 0  # jobs, but for the leader's
        self._backlog: deque[Job] = deque()  # jobs that may not run yet
        self._idle = 0  # threads that wait for a job
        self._jobs: SimpleQueue[Job] = SimpleQueue()  # for those
        self._spawned = 0

        self._leader: object = None
        self._busy_since: float | None = None  # the leader's; None while it reads
        self._turns = 0  # of the leader: how many jobs it has done itself
        self._standby = True  # there is one
        self._asleep = False  # and it waits for the alarm
        self._alarm = threading.Lock()
        self._alarm.acquire()

    def start(self) -> None:
        """Begin to read."""
        self._spawn(self._lead_first)
        self._spawn(self._stand_by_first)

    @property
    def may_lead(self) -> bool:
        """Whether the reading thread may do a job itself: another would read on.

        Only that thread adds to the jobs that run, and so needs no lock to see that one may.
        """
        return self._standby and self._running < self._most

    def submit(self, job: Job) -> None:
        """Do a job on a thread of its own, as soon as there may be one more."""
        with self._lock:
            if self._running < self._most:
                self._running += 1
                self._begin_locked(job)
            else:
                self._backlog.append(job)

    def _begin_locked(self, job: Job) -> None:
        if self._idle:
            self._idle -= 1
            self._jobs.put(job)
        else:
            self._spawn(partial(self._work, job))

    def _work(self, job: Job) -> None:
        while True:
            job()
            del job
            with self._lock:
                if self._backlog:
                    job = self._backlog.popleft()
                    continue
                self._running -= 1
                self._idle += 1
            job = self._jobs.get()

    def _spawn(self, run: Job) -> None:
        self._spawned += 1
        threading.Thread(target=run, name=f"kinwire-{self._spawned}", daemon=True).start()

    def _lead_first(self) -> None:
        me = object()
        self._leader = me
        self._serve(me)

    def _serve(self, me: object) -> None:
        """Lead, stand by, lead again: until reading is over, or others do both."""
        while self._lead(me):
            with self._lock:
                if self._standby:
                    return
                self._standby = True
            if not self._stand_by_as(me):
                return

    def _lead(self, me: object) -> bool:
        """Read until reading is taken over, which it reports, or over."""
        read, lock = self._read, self._lock
        while True:
            try:
                job = read()
            except EOFError:
                return False
            if job is None:
                continue
            self._busy_since = monotonic()
            if self._asleep:
                self._asleep = False
                self._alarm.release()
            job()
            with lock:
                if self._leader is not me:
                    self._done_locked()
                    return True
                self._busy_since = None
                self._turns += 1

    def _done_locked(self) -> None:
        """Note that a job is done which others have begun to read beside."""
        self._running -= 1
        if self._backlog:
            self._running += 1
            self._begin_locked(self._backlog.popleft())

    def _stand_by_first(self) -> None:
        me = object()
        if self._stand_by_as(me):
            self._serve(me)

    def _stand_by_as(self, me: object) -> bool:
        """Wait until the leader does something else for long, and take over."""
        seen, quiet = -1, 0
        while True:
            if quiet < _QUIET:
                self._alarm.acquire(timeout=_TICK)
            else:
                self._asleep = True
                if self._busy_since is not None:  # it may have looked before
                    self._asleep = False
                else:
                    self._alarm.acquire()
                quiet = 0
            with self._lock:
                turns, since = self._turns, self._busy_since
                if since is not None and turns == seen and monotonic() - since >= _TICK:
                    self._leader = me
                    self._busy_since = None
                    self._turns += 1
                    self._running += 1  # what the one before is at
                    self._standby = False
                    break
            quiet = quiet + 1 if turns == seen and since is None else 0
            seen = turns
        self._taken_over()
        return True

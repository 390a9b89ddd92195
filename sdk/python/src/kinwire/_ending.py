"""How a worker ends: handlers are cancelled, hooks run, logs flushed, and the host is told."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

from . import _messages as m
from ._errors import FAILED, OK, ORPHANED, Error, trace_of
from ._frames import frame_of
from ._handshake import refusal

if TYPE_CHECKING:
    from ._session import Session

TERM_GRACE = 2.0  # seconds of a worker's own Shutdown, on SIGTERM
_HEARING = 1.0  # for how long one that has nothing to do waits for the host's word
_AFTER_GRACE = 0.3  # that handlers may take once they are cancelled
_HOOKS = 0.3  # and hooks, if nothing is left of the grace
_FAREWELL = 0.3  # and the last frames
_LAST_LINE = 0.25  # nobody may be reading stderr
_MOST_TOLD = 1024  # of a reason


class Ending:
    """Ends the process. A thread of its own does it, once there is a reason to."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._changed = threading.Condition(session.lock)
        self._thread: threading.Thread | None = None
        self._until = 0.0  # when the grace ends
        self._reason = ""
        self._own = False  # the wish to end is the worker's
        self._told = False  # the host has sent Shutdown
        self._refused: Error | None = None  # why there is no worker at all
        self._lost: tuple[int, str] | None = None  # why there is nobody to tell: code, line
        self._tidied = False

    # Reasons to end. #####################################################################

    def shutdown_locked(self, grace: float, reason: str) -> None:
        """Do what the host asks for with Shutdown. A second one replaces the grace."""
        self._until = monotonic() + grace
        if not self._own:
            self._reason = reason
        self._told = True
        self._acknowledge_locked()
        self._begin_locked()

    def terminate(self) -> None:
        """Do what SIGTERM asks for."""
        session = self._session
        with session.lock:
            soon = monotonic() + TERM_GRACE
            if not session.established:
                self._refuse_locked(Error("canceled", "the worker was told to end: SIGTERM"))
            elif self._told or self._own:
                self._until = min(self._until, soon)
                self.look_locked()
            else:
                self._until, self._reason, self._own = soon, "SIGTERM", True
                self._acknowledge_locked()
                self._begin_locked()

    def lost(self, code: int, line: str) -> None:
        """End since there is no host to talk with any more."""
        sys.setswitchinterval(0.0005)  # handlers may be many, and busy
        with self._session.lock:
            self._lose_locked(code, line)

    def lost_locked(self, why: str) -> None:
        """End since nothing can be sent any more."""
        self._lose_locked(ORPHANED, f"the host is gone: {why}")

    def refuse(self, error: Error, cause: BaseException | None = None) -> bool:
        """End since there will be no worker. It returns False."""
        if cause is not None and not isinstance(cause, Error):
            traceback.print_exception(*trace_of(cause))
        with self._session.lock:
            self._refuse_locked(error)
        return False

    def _acknowledge_locked(self) -> None:
        session = self._session
        session.receiver.settle_locked()
        session.refusing = True
        session.writer.reply_locked(frame_of(m.SHUTDOWN_ACK, len(session.served)))

    def _refuse_locked(self, error: Error) -> None:
        if self._refused is None and self._lost is None:
            self._refused = error
            self._begin_locked()

    def _lose_locked(self, code: int, line: str) -> None:
        if self._lost is None:
            self._lost = code, line
            self._begin_locked()

    def _begin_locked(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._end, name="kinwire-end", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as e:  # too many threads
                leave(FAILED, f"the worker can't go on: {e}")
        self.look_locked()

    def look_locked(self) -> None:
        """Look again at what the end waits for."""
        if self._thread is not None:
            self._changed.notify_all()

    # The end. ############################################################################

    def _end(self) -> None:
        try:
            self._leave(*self._conclude())
        except BaseException as e:
            self._leave(FAILED, f"the end of the worker failed: {e!r}")

    def _conclude(self) -> tuple[int, str]:
        """Do all that is done before the exit, and return its code and a last line."""
        session = self._session
        with session.lock:
            if self._refused is not None:
                return self._say_refused_locked(self._refused)
            self._await_handlers_locked()
        if self._lost is not None:
            _within(_LAST_LINE, lambda: _print(self._lost[1]))  # type: ignore[index]
        with session.lock:
            session.receiver.settle_locked()
            why = self._lost[1] if self._lost else "the worker is shutting down"
            if self._reason and not self._lost:
                why = f"{why}: {self._reason[:_MOST_TOLD]}"
            for served in list(session.served.values()):
                served.stop_locked("canceled", why)
            self._changed.wait_for(lambda: not session.running, _AFTER_GRACE)
            spare = _HOOKS if self._lost else max(_HOOKS, self._until - monotonic())
        threading.Thread(target=self._tidy, name="kinwire-tidy", daemon=True).start()
        with session.lock:
            self._await_tidied_locked(spare)
            if self._lost is not None:
                return self._lost[0], ""
            session.logs.flush_locked()
            session.writer.put_last_locked(frame_of(m.EXITING, OK, self._reason[:_MOST_TOLD]))
            if session.writer.drain_locked(_FAREWELL):
                return OK, ""
            return ORPHANED, "the host is gone: it does not read"

    def _say_refused_locked(self, error: Error) -> tuple[int, str]:
        session = self._session
        text = error.message or error.code
        if session.greeted:
            session.writer.put_locked((refusal(session, error),))
            reason = text[:_MOST_TOLD]
            session.writer.put_last_locked(frame_of(m.EXITING, FAILED, reason))
            session.writer.drain_locked(_FAREWELL)
        elif error.code == "canceled":
            return OK, ""  # nothing may be said yet
        return FAILED, f"the worker could not be initialised: {text}"

    def _await_handlers_locked(self) -> None:
        """Wait until all handlers have returned, or the grace is over, or the host is gone."""
        session = self._session
        heard_by = None
        while self._lost is None:
            now, until = monotonic(), self._until
            session.receiver.settle_locked()
            if not session.running and not session.served:
                if self._told or not self._own:
                    return
                # Inputs may be on their way that are to be refused.
                heard_by = heard_by or now + _HEARING
                until = min(until, heard_by)
            if now >= until:
                return
            self._changed.wait(until - now)

    def _await_tidied_locked(self, seconds: float) -> None:
        lost = self._lost
        until = monotonic() + seconds
        while not self._tidied and monotonic() < until:
            if self._lost is not lost:
                lost, until = self._lost, min(until, monotonic() + _HOOKS)
            self._changed.wait(until - monotonic())

    def _tidy(self) -> None:
        """Run what the program wants to be run at its end."""
        session = self._session
        for hook in reversed(session.about.hooks):
            try:
                reason = self._lost[1] if self._lost else self._reason
                result = hook.call(reason)
                if hook.is_async and session.loop is not None:
                    session.loop.run(result)
            except BaseException as e:
                session.logs.failed(hook.label, e)
        for last in (atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
            with contextlib.suppress(BaseException):
                last()
        with session.lock:
            self._tidied = True
            self.look_locked()

    def _leave(self, code: int, line: str) -> NoReturn:
        if line:
            _within(_LAST_LINE, lambda: _print(line))
        os._exit(code)


def leave(code: int, line: str) -> NoReturn:
    """Print a line and exit."""
    _print(line)
    os._exit(code)


def _print(line: str) -> None:
    data = f"{line}\n".encode("utf-8", "replace")
    with contextlib.suppress(OSError):
        os.write(2, data)


def _within(seconds: float, call: Callable[[], Any]) -> None:
    """Call something that may take for ever, and wait no longer than that."""
    thread = threading.Thread(target=call, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # too many threads
        call()
    else:
        thread.join(seconds)

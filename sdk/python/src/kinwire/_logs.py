"""Lines of the standard logging become messages to the host."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._errors import trace_of
from ._frames import frame_of

if TYPE_CHECKING:
    from ._session import Session

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MOST = 1 << 20  # bytes of a line, if the host takes as much
_REST = 512  # of it are neither message nor fields
_DEPTH = 16  # of fields
_AT_ONCE = 0.1  # seconds that a line may take to be sent


class Logs:
    """What the worker logs: to the host if it wants that, else to stderr."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handler: logging.Handler | None = None
        self._logger = logging.getLogger("kinwire")

    def install(self, hello: m.Initialize, to_host: bool) -> None:
        """Send whatever is logged from now on where the host wants it."""
        root = logging.getLogger()
        level = _LEVELS.get(hello.log_level, logging.INFO)
        if to_host:
            self._handler = HostHandler(self._session, level)
            for other in filter(_prints, tuple(root.handlers)):  # each line would come twice
                root.removeHandler(other)
        elif not root.handlers:
            self._handler = logging.StreamHandler(sys.stderr)
            self._handler.setLevel(level)
            self._handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        if self._handler is not None:
            root.addHandler(self._handler)
            root.setLevel(min(root.level, level))

    def failed(self, what: str, e: BaseException) -> None:
        """Log with which exception a function of the author has ended."""
        with contextlib.suppress(Exception):  # of a filter, or a handler that is not ours
            self._logger.error("%s failed", what, exc_info=trace_of(e))

    def flush_locked(self) -> None:
        """Send what is left, and say how many lines have been dropped."""
        if isinstance(self._handler, HostHandler):
            self._handler.send_locked()
            self._handler.tell_dropped_locked()

    def close(self) -> None:
        """Send nothing any more."""
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)


class HostHandler(logging.Handler):
    """Sends records to the host.

    It never waits for the host: lines that it is too slow to take are dropped and counted. What
    can't be encoded of a record goes as text, so that no line is lost for a field of it.

    Nor does it wait for the session for long. A handler of a signal may log, or a destructor
    that the garbage collector calls, on a thread that has the session's lock already.
    """

    def __init__(self, session: Session, level: int) -> None:
        super().__init__(level)
        self._session = session
        self._unsent: deque[tuple[int, bytes]] = deque()  # the times, and the frames
        self._dropped = 0
        self._last_ms = 0
        self._inside = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(self._inside, "emits", False):  # a field's repr logs
            return
        self._inside.emits = True
        try:
            self._unsent.append((int(record.created * 1000), self._frame(record)))
            self._send()
        except Exception:
            self.handleError(record)
        finally:
            self._inside.emits = False

    def _send(self) -> None:
        lock = self._session.lock
        if not lock.acquire(timeout=_AT_ONCE):
            self._session.keeper.soon(self._send)
            return
        try:
            self.send_locked()
        finally:
            lock.release()

    def send_locked(self) -> None:
        """Send what has been logged."""
        while self._unsent:
            self._last_ms, frame = self._unsent.popleft()
            self.tell_dropped_locked()
            if not self._session.writer.try_put_locked(frame):
                self._dropped += 1

    def tell_dropped_locked(self) -> None:
        """Say how many lines have been dropped, if that can be said now."""
        if self._dropped:
            text = f"{self._dropped} log messages were dropped, since the host did not keep up"
            if self._session.writer.try_put_locked(frame_of(m.LOG, "warn", self._last_ms, text)):
                self._dropped = 0

    def _frame(self, record: logging.LogRecord) -> bytes:
        room = min(self._session.their_max_frame, _MOST) - _REST
        text = _text(record)
        fields = {k: plain(v, 0) for k, v in vars(record).items() if k not in _OWN}
        if record.name != "root":
            fields["logger"] = record.name
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = logging.Formatter().formatException(record.exc_info)
        elif record.exc_text:
            fields["exception"] = record.exc_text
        if record.stack_info:
            fields["stack"] = record.stack_info
        about = (m.LOG, _level(record.levelno), int(record.created * 1000))
        frame = frame_of(*about, text, fields or None)
        if len(frame) > room:
            fields = {"fields": "too large"}
            frame = frame_of(*about, text[: room // 8], fields)
        return frame


def _prints(handler: logging.Handler) -> bool:
    """Report whether a handler is one of logging.basicConfig, whose lines the host reads too."""
    return type(handler) is logging.StreamHandler and handler.stream in (sys.stdout, sys.stderr)


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as e:  # arguments that don't fit
        return f"{record.msg!r} % {plain(record.args, 0)!r}: {e}"


def _level(number: int) -> str:
    if number < logging.INFO:
        return "debug"
    if number < logging.WARNING:
        return "info"
    return "warn" if number < logging.ERROR else "error"


def plain(value: Any, depth: int) -> Any:
    """Return a value as what every msgpack library can decode, or as text."""
    kind = type(value)
    if value is None or kind in (bool, str, bytes, float):
        return value
    if kind is int and -(1 << 63) <= value < 1 << 64:
        return value
    try:
        if depth < _DEPTH and isinstance(value, dict):
            return {str(k): plain(v, depth + 1) for k, v in value.items()}
        if depth < _DEPTH and isinstance(value, (list, tuple, set, frozenset)):
            items: Iterable[Any] = value
            return [plain(v, depth + 1) for v in items]
        return repr(value)
    except Exception as e:
        return f"<{kind.__name__}, whose repr fails: {type(e).__name__}>"

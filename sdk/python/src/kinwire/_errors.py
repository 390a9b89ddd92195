"""What goes wrong, and how it is told: to a caller, to a handler, or on the last line."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Optional

OK, FAILED, USAGE, VIOLATION, ORPHANED = 0, 1, 64, 65, 69
"""The codes that a worker exits with."""

NOT_RUN = frozenset({"unknown_method", "overloaded", "shutting_down"})
"""The codes that promise that no handler ran, which a handler can't promise."""


class Error(Exception):
    """A call that the other side has answered with an error, or is to be answered with one.

    Raise it in a handler to give the caller a code that he can act on; the codes
    ``unknown_method``, ``overloaded`` and ``shutting_down`` promise that no handler ran, and
    reach the caller as ``failed``. A call to the host raises it with what the host said.
    """

    def __init__(self, code: str, message: str = "", data: Any = None) -> None:
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else str(self.code)


class Cancelled(BaseException):
    """The caller has given up, the time is up, or the worker is about to end.

    It is raised in a synchronous handler wherever that waits for kinwire: at ``yield``, in the
    next value of :class:`Inputs`, and in most methods of :class:`Context`. Let it pass; a
    ``finally`` is the place to tidy up. Like :class:`asyncio.CancelledError`, which an
    asynchronous handler gets instead, it is no :class:`Exception`, so that ``except Exception``
    lets it pass too.
    """

    def __init__(self, code: str = "canceled", reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason or self.code


class Violation(Exception):
    """The host has broken a rule of the protocol, which ends the worker."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(rule, what)
        self.rule = rule
        self.what = what

    def __str__(self) -> str:
        return f"the host broke the rule {self.rule} of the kinwire protocol: {self.what}"


def error_map(e: Error) -> dict[str, Any]:
    """Return the error as it travels."""
    told: dict[str, Any] = {"code": str(e.code), "message": str(e.message)}
    if e.data is not None:
        told["data"] = e.data
    return told


def read_error(payload: Any) -> Error:
    """Return the error that a payload tells of, whatever the payload is."""
    if isinstance(payload, dict):
        code, message = payload.get("code"), payload.get("message")
        if isinstance(code, (str, type(None))) and isinstance(message, (str, type(None))):
            return Error(code or "failed", message or "", payload.get("data"))
    return Error("failed", "the other side told of an error in a form that can't be read")


def describe(e: BaseException) -> str:
    """Return the type and the text of an exception on one line."""
    name = type(e).__name__
    try:
        text = str(e)
    except Exception as failed:  # code of the author, as his exceptions are
        return f"{name}, whose text can't be told: {type(failed).__name__}"
    return f"{name}: {text}" if text else name


Trace = tuple[type[BaseException], BaseException, Optional[TracebackType]]
"""What :mod:`traceback` and :mod:`logging` take."""


def trace_of(e: BaseException) -> Trace:
    """Return where an exception comes from, without the way there that is not the author's."""
    part = e.__traceback__
    while part is not None and part.tb_frame.f_globals.get("__package__") == __package__:
        part = part.tb_next
    return type(e), e, part or e.__traceback__


def answer(e: BaseException) -> Error:
    """Return what the caller is told of a handler that ended with an exception."""
    if isinstance(e, Error):
        return _sound(e) or Error("failed", describe(e))
    if isinstance(e, Cancelled):
        return Error(e.code, str(e))
    if isinstance(e, Exception):
        return Error("failed", describe(e))
    if is_cancelled(e):
        return Error("canceled", "the handler cancelled itself")
    return Error("panicked", describe(e))


def _sound(e: Error) -> Error | None:
    """Return an error as it may travel; None if its author has broken it."""
    try:
        if not isinstance(e.code, str) or not e.code or e.code in NOT_RUN:
            return Error("failed", str(e), e.data)
        return e if type(e.message) is str else Error(e.code, str(e.message), e.data)
    except Exception:
        return None


def is_cancelled(e: BaseException) -> bool:
    """Report whether it is asyncio's CancelledError, without importing that."""
    return type(e).__name__ == "CancelledError"

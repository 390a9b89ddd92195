"""A synchronous handler is run, and what it returns or raises is the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from contextlib import suppress
from time import monotonic
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._context import Context
from ._encode import NIL
from ._errors import Cancelled, Error

if TYPE_CHECKING:
    from ._served import Served


def run(served: Served) -> None:
    """Run the handler of an exchange to its end."""
    method = served.method
    begun = monotonic()
    try:
        served.check()
        args = served.arguments()
        context = Context(served) if method.wants_context else None
        result = method.invoke(args, context)
    except BaseException as e:
        served.finish(e)
    else:
        answer(served, result)
    method.note(monotonic() - begun)


def answer(served: Served, result: Any) -> None:
    """Answer with what the handler has returned."""
    failed = None
    try:
        if isinstance(result, Generator):
            _send_all(served, result)
            served.wait(served.sender(m.END | m.EMPTY, NIL))
        else:
            if isinstance(result, Awaitable):
                discard(result)
                raise Error("failed", f"{served.whose()} an awaitable: make it `async def`")
            served.wait(served.value_sender(result, m.END))
    except BaseException as e:
        failed = e
    served.finish(failed)


def _send_all(served: Served, values: Generator[Any, Any, Any]) -> None:
    try:
        for value in values:
            try:
                served.wait(served.value_sender(value, 0))
            except (Cancelled, Error) as e:
                # It is raised where the generator stands, which may tidy up.
                with suppress(StopIteration):
                    values.throw(e)
                raise
    finally:
        values.close()


def discard(awaitable: Awaitable[Any]) -> None:
    """Keep Python from complaining that nobody awaits it: the caller will be told."""
    if isinstance(awaitable, CoroutineType):
        awaitable.close()

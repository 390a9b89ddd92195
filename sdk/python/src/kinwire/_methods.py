"""The functions that a worker is made of: what each takes, and how it gives."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Optional

from ._context import AsyncContext, Context
from ._inputs import Inputs
from ._shape import Gives, Takes
from ._types import Converter, converter

_MANY = (
    Inputs,
    collections.abc.Iterator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
)
_QUICK = 0.0003  # seconds


class Function:
    """A function of the author.

    :param label: what complaints about it begin with.
    :param takes: what the author is told if its parameters don't fit.
    """

    def __init__(self, function: Callable[..., Any], label: str, takes: str) -> None:
        self.label = label
        self.function = function
        self._told = takes
        plain: Any = inspect.unwrap(function) if inspect.isfunction(function) else function
        while isinstance(plain, functools.partial):
            plain = plain.func
        call = plain if inspect.isroutine(plain) else type(plain).__call__
        stream = inspect.isasyncgenfunction(call)
        self.is_async = stream or inspect.iscoroutinefunction(call)
        self.gives = Gives.STREAM if stream or inspect.isgeneratorfunction(call) else Gives.VALUE
        self.takes = Takes.NOTHING
        self.value_name = "the value"
        self.convert: Converter | None = None
        self.optional = False
        self.wants_context = False
        self._context_name = ""
        self._context_first = False
        self._read_parameters(_hints(call))
        self.invoke = self._invoker()

    def _read_parameters(self, hints: dict[str, Any]) -> None:
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except ValueError:  # a builtin that does not tell
            self.takes = Takes.VALUE
            return
        taken = 0
        for p in parameters:
            hint = hints.get(p.name)
            if p.kind is p.VAR_KEYWORD or (p.kind is p.VAR_POSITIONAL and taken):
                continue
            if p.kind is p.VAR_POSITIONAL:  # a decorator's, say, which passes on what it gets
                taken = 1
                self.takes, self.optional = Takes.VALUE, True
                continue
            if hint in (Context, AsyncContext) or (hint in (None, Any) and p.name == "ctx"):
                self._read_context(p, hint)
            elif p.name == "self" and taken == 0:
                raise TypeError(
                    f"{self.label} has a parameter self: use the method of an object, as in "
                    "worker.method(thing.name), and not one of a class"
                )
            elif p.kind is not p.KEYWORD_ONLY and taken == 0:
                taken = 1
                self._read_value(p, hint)
            elif p.default is p.empty:
                raise TypeError(f"{self.label}: what is the parameter {p.name!r}? {self._told}")

    def _read_context(self, p: inspect.Parameter, hint: Any) -> None:
        wanted = AsyncContext if self.is_async else Context
        if hint not in (None, Any, wanted):
            kind = "asynchronous" if self.is_async else "synchronous"
            raise TypeError(
                f"{self.label}: the context of a function that is {kind} "
                f"is a kinwire.{wanted.__name__}"
            )
        self.wants_context = True
        self._context_first = self.takes is Takes.NOTHING and p.kind is not p.KEYWORD_ONLY
        self._context_name = "" if p.kind is p.POSITIONAL_ONLY else p.name

    def _read_value(self, p: inspect.Parameter, hint: Any) -> None:
        self.value_name = p.name
        self.optional = p.default is not p.empty
        origin = typing.get_origin(hint) or hint
        if origin in _MANY:
            self.takes = Takes.INPUTS
            args = typing.get_args(hint)
            self.convert = converter(args[0]) if args else None
            return
        self.takes = Takes.VALUE
        if self.optional and p.default is None and hint is not None:
            hint = Optional[hint]
        self.convert = converter(hint) if hint is not None else None

    def _invoker(self) -> Callable[..., Any]:
        """Return what calls the function with a tuple of arguments and a context."""
        function, name = self.function, self._context_name
        if not self.wants_context:
            return lambda args, ctx: function(*args)
        if self._context_first:
            return lambda args, ctx: function(ctx, *args)
        if not name:
            return lambda args, ctx: function(*args, ctx)
        return lambda args, ctx: function(*args, **{name: ctx})


class Method(Function):
    """A function that answers a method."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        takes = "a method takes one value, and a ctx (kinwire.Context) if it likes"
        super().__init__(function, f"the method {name!r}", takes)
        self.name = name
        self.quick = False  # it has been of late: see note
        self.is_plain = (
            not self.is_async
            and not self.wants_context
            and self.takes is Takes.VALUE
            and self.gives is Gives.VALUE
        )

    def note(self, seconds: float) -> None:
        """Note how long a call has taken: a quick one may next run where the link is read."""
        self.quick = seconds < _QUICK and self.gives is Gives.VALUE


class Hook(Function):
    """A function that is called when the worker starts, or when it ends."""

    def __init__(self, decorator: str, function: Callable[..., Any], value: str) -> None:
        takes = f"it takes {value}, or nothing"
        super().__init__(function, f"the function of @worker.{decorator}", takes)
        if self.wants_context or self.takes is Takes.INPUTS:
            raise TypeError(f"{self.label}: {takes}")
        if self.gives is Gives.STREAM:
            raise TypeError(f"{self.label} must not yield: it is called, and not iterated over")

    def call(self, value: Any) -> Any:
        """Call it; an asynchronous one returns what is to be awaited."""
        if self.takes is Takes.NOTHING or (value is None and self.optional):
            return self.invoke((), None)
        if self.convert is not None:
            value = self.convert(value, self.value_name)
        return self.invoke((value,), None)


def _hints(call: Any) -> dict[str, Any]:
    """Return the annotations of a function, as far as their names can be looked up."""
    try:
        return typing.get_type_hints(call)
    except Exception:
        names = {"Context": Context, "AsyncContext": AsyncContext, "Inputs": Inputs}
        return {
            name: names.get(str(hint).split("[")[0].split(".")[-1], Any)
            for name, hint in getattr(call, "__annotations__", {}).items()
        }

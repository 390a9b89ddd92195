"""Values that come are held against the annotations of those who take them.

The annotations that msgpack has something for are checked: the plain types, lists, dicts,
dataclasses, typed dicts, unions. Any other is taken as a note to the reader.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, Union

from ._errors import Error

Converter = Callable[[Any, str], Any]
"""Returns a value as its taker wants it, or raises bad_input; the text says what it is."""

_ARTICLES = {str: "a str", int: "an int", float: "a float", bool: "a bool", bytes: "bytes",
             list: "a list", dict: "a dict", type(None): "None"}  # fmt: skip
_UNION_TYPES = (Union, getattr(types, "UnionType", Union))


def converter(annotation: Any) -> Converter | None:
    """Return what makes a value one of the annotated type; None if any value will do."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is None:
        annotation = type(None)
    if annotation is float:
        return _to_float
    if annotation is int:
        return _to_int
    if annotation in (str, bool, bytes, list, dict, type(None)):
        return _exactly(annotation)
    if origin in _UNION_TYPES:
        return _union(args)
    if origin is Literal:
        return _literal(args)
    if origin is getattr(typing, "Annotated", None) and args:
        return converter(args[0])
    if origin in (list, Sequence, Iterable):
        return _list(converter(args[0]) if args else None)
    if origin in (dict, Mapping):
        return _dict(converter(args[1]) if len(args) > 1 else None)
    if isinstance(annotation, type) and hasattr(annotation, "__required_keys__"):  # a TypedDict
        return _typed_dict(annotation)
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        return _dataclass(annotation)
    return None


def bad(what: str, wanted: str, value: Any) -> Error:
    """Return the error of a value of the wrong type."""
    is_ = _ARTICLES.get(type(value), type(value).__name__)
    return Error("bad_input", f"{what} must be {wanted}, and is {is_}")


def _exactly(wanted: type) -> Converter:
    name = _ARTICLES[wanted]

    def convert(value: Any, what: str) -> Any:
        if type(value) is not wanted:
            raise bad(what, name, value)
        return value

    return convert


def _to_int(value: Any, what: str) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():  # as some languages send them
        return int(value)
    raise bad(what, "an int", value)


def _to_float(value: Any, what: str) -> float:
    if type(value) in (float, int):
        return float(value)
    raise bad(what, "a float", value)


def _list(item: Converter | None) -> Converter:
    def convert(value: Any, what: str) -> Any:
        if type(value) is not list:
            raise bad(what, "a list", value)
        if item is None:
            return value
        return [item(v, f"{what}[{i}]") for i, v in enumerate(value)]

    return convert


def _dict(item: Converter | None) -> Converter:
    def convert(value: Any, what: str) -> Any:
        if type(value) is not dict:
            raise bad(what, "a dict", value)
        if item is None:
            return value
        return {k: item(v, f"{what}[{k!r}]") for k, v in value.items()}

    return convert


def _union(args: tuple[Any, ...]) -> Converter | None:
    choices = [converter(a) for a in args]
    if None in choices:
        return None

    def convert(value: Any, what: str) -> Any:
        said = []
        for choice in choices:
            try:
                return choice(value, what) if choice else value
            except Error as e:
                said.append(e.message)
        raise Error("bad_input", "; or ".join(said))

    return convert


def _literal(args: tuple[Any, ...]) -> Converter:
    def convert(value: Any, what: str) -> Any:
        for choice in args:
            if choice == value and type(choice) is type(value):
                return value
        names = ", ".join(map(repr, args))
        raise Error("bad_input", f"{what} must be one of {names}, and is {str(value)[:100]!r}")

    return convert


def _hints(cls: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except Exception:  # a name that can't be looked up
        return {}


def _fields(cls: Any, required: Iterable[str], make: Callable[..., Any]) -> Converter:
    needed = sorted(required)

    @cache
    def converters() -> dict[str, Converter | None]:  # later, since a class may contain itself
        return {name: converter(hint) for name, hint in _hints(cls).items()}

    def convert(value: Any, what: str) -> Any:
        if type(value) is not dict:
            raise bad(what, "a dict", value)
        for name in needed:
            if name not in value:
                raise Error("bad_input", f"{what} lacks the key {name!r}")
        fields = {}
        for name, field in converters().items():
            if name in value:
                fields[name] = field(value[name], f"{what}[{name!r}]") if field else value[name]
        return make(**fields)

    return convert


@cache
def _typed_dict(cls: Any) -> Converter:
    return _fields(cls, cls.__required_keys__, dict)


@cache
def _dataclass(cls: Any) -> Converter:
    fields = [f for f in dataclasses.fields(cls) if f.init]
    missing = dataclasses.MISSING
    required = [f.name for f in fields if f.default is missing and f.default_factory is missing]
    names = {f.name for f in fields}

    def make(**values: Any) -> Any:
        try:
            return cls(**{k: v for k, v in values.items() if k in names})
        except (TypeError, ValueError) as e:  # a __post_init__ that checks
            raise Error("bad_input", f"{e}") from e

    return _fields(cls, required, make)

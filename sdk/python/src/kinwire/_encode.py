"""Values that handlers give become payloads."""

from __future__ import annotations

import dataclasses
import enum
import struct
from typing import Any

import msgpack

from ._check import SCALARS, check_depth
from ._errors import Error, Violation

Parts = tuple[bytes, ...]
"""A payload in one or more pieces, to be written one behind the other."""

NIL: Parts = (b"\xc0",)

_packers: list[Any] = []  # those that nobody uses; a Packer serves one thread at a time
_BIN8, _BIN16, _BIN32 = struct.Struct(">BB"), struct.Struct(">BH"), struct.Struct(">BI")
_LARGE = 4096  # bytes from here on travel uncopied


def encode(value: Any, whose: str) -> Parts:
    """Return a value's payload; an Error names what can't be encoded, and whose it is."""
    if type(value) in (bytes, bytearray, memoryview):
        return _bin(value)
    packer = _packers.pop() if _packers else msgpack.Packer(default=_plain)
    try:
        packed: bytes = packer.pack(value)
    except UnicodeEncodeError:  # lone surrogates
        packed = msgpack.packb(value, default=_plain, unicode_errors="replace")
    except Exception as e:
        raise Error("failed", f"{whose} {_blame(value, e)}") from None
    _packers.append(packer)
    if type(value) not in SCALARS:
        try:
            check_depth(packed, above=1)
        except Violation:
            raise Error("failed", f"{whose} a value that is nested too deep") from None
    return (packed,)


def size_of(parts: Parts) -> int:
    """Return how many bytes a payload takes."""
    return len(parts[0]) if len(parts) == 1 else sum(map(len, parts))


def _bin(value: bytes | bytearray | memoryview) -> Parts:
    data = value if type(value) is bytes else bytes(value)  # the caller may change his
    n = len(data)
    head = (
        _BIN8.pack(0xC4, n) if n < 1 << 8 else _BIN16.pack(0xC5, n) if n < 1 << 16
        else _BIN32.pack(0xC6, n)
    )  # fmt: skip
    return (head, data) if n >= _LARGE else (head + data,)


def _plain(value: Any) -> Any:
    """Return what msgpack can encode for what it can't."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    raise TypeError(f"can not serialize {type(value).__name__!r} object")


def _blame(value: Any, e: Exception) -> str:
    """Say what of a value can't be encoded."""
    try:
        path, found = _find(value, "", 64)
    except Exception as failed:  # a key's repr does
        return f"a value that can't be encoded, nor told: {type(failed).__name__}"
    where = f" at {path}" if path else ""
    if isinstance(found, int):
        return f"an int that is over 64 bits{where}"
    if isinstance(e, (ValueError, RecursionError)) and found is None:
        return f"a value that can't be encoded: {e}"
    return f"a value that can't be encoded: {type(found).__name__}{where}"


def _find(value: Any, path: str, levels: int) -> tuple[str, Any]:
    """Return the first part of a value that can't be encoded, and where it is."""
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}[{k!r}]", v) for k, v in value.items()]
        children += [(f"the key {k!r} of {path or 'the value'}", k) for k in value]
    elif isinstance(value, (list, tuple)) and not isinstance(value, msgpack.ExtType):
        children = [(f"{path}[{i}]", v) for i, v in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        children = [(f"{path}.{f.name}", getattr(value, f.name)) for f in dataclasses.fields(value)]
    else:
        try:
            msgpack.packb(value, default=_plain, unicode_errors="replace")
        except Exception:
            return path, value
    if levels:
        for where, child in children:
            found = _find(child, where, levels - 1)
            if found[1] is not None:
                return found
    return "", None

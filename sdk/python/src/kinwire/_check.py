"""Bodies are checked before they are decoded.

msgpack makes a list as long as a head promises before it looks for the items, so that nested
promises cost minutes and gigabytes. Its :meth:`Unpacker.skip` walks the same bytes in C
without making anything, and has room for a fixed number of levels. So a body is skipped
first, behind as many levels as leave room for just those that a body may have; only then,
when every promise is known to be kept, it is decoded.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Union

import msgpack

from ._errors import Violation

if msgpack.Unpacker.__module__ == "msgpack.fallback":
    raise ImportError(
        "kinwire needs the C extension of msgpack, which is not there: "
        "PyPy has none, nor has a process with MSGPACK_PUREPYTHON in its environment"
    )

Buffer = Union[bytes, bytearray, memoryview]

LEVELS = 64
"""How deep a body may be nested, its own array included."""

_HARMLESS = 4096  # a body of this size can't promise enough to do harm
SCALARS = frozenset({str, bytes, int, float, bool, type(None)})
_CONTAINERS = bytes([*range(0x80, 0xA0), *range(0xDC, 0xE0)])


class Undecodable:
    """A value that is sound msgpack, but nothing that Python has."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def _room() -> int:
    """Return how many levels msgpack's stack has room for."""
    least, most = LEVELS, 1 << 16
    while least < most:
        levels = (least + most + 1) // 2
        unpacker = msgpack.Unpacker(max_buffer_size=0)
        unpacker.feed(b"\x91" * levels + b"\xc0")
        try:
            unpacker.skip()
            least = levels
        except ValueError:
            most = levels - 1
    return least


_ABOVE = b"\x91" * (_room() - LEVELS)


def scan(body: Buffer, above: int = 0) -> None:
    """Raise a Violation unless body is one value, whole, alone, and not nested too deep.

    The value is meant to be below as many levels as above says.
    """
    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(_ABOVE + b"\x91" * above)
    unpacker.feed(body)
    try:
        unpacker.skip()
    except msgpack.StackError:
        raise Violation("body-depth", f"a body has more than {LEVELS} levels") from None
    except msgpack.FormatError:
        raise Violation("body-byte", "a value begins with the byte c1") from None
    except (msgpack.OutOfData, ValueError):
        raise Violation("body-cut", "a body ends inside a value") from None
    if unpacker.tell() != len(_ABOVE) + above + len(body):
        raise Violation("body-rest", "something follows the array of a body")


def check_depth(data: Buffer, above: int = 0) -> None:
    """Scan what has enough bytes that may begin a level; most has not."""
    if len(data) >= LEVELS - above:
        plain = data if isinstance(data, (bytes, bytearray)) else bytes(data)
        if len(data) - len(plain.translate(None, _CONTAINERS)) >= LEVELS - above:
            scan(data, above)


unpack = partial(msgpack.unpackb, strict_map_key=False, unicode_errors="replace")


def decode(body: Buffer) -> list[Any]:
    """Return the elements of a body; one that breaks a rule is a Violation."""
    checked = len(body) > _HARMLESS
    if checked:
        scan(body)
    try:
        message = unpack(body)
    except Exception as e:
        _refuse_promise(e)
        scan(body)
        return _array(_decode_strange(body))
    elements = _array(message)
    if not checked and len(body) >= LEVELS and not SCALARS.issuperset(map(type, elements)):
        check_depth(body)
    return elements


def _refuse_promise(e: Exception) -> None:
    """Raise a Violation if a value is longer than all that it is a part of.

    msgpack checks that, and skip does too, but for an ext of 2**32-1 bytes.
    """
    if " exceeds max_" in str(e):
        raise Violation("body-cut", "a body ends inside a value") from None


def _array(message: Any) -> list[Any]:
    if type(message) is not list or not message:
        raise Violation("body-array", "a body is no array, or an empty one")
    return message


def _decode_strange(body: Buffer) -> Any:
    """Decode what is sound, but has keys that can't be hashed, or values Python has not.

    What can't be decoded is Undecodable: the whole payload, or one value of a map of the
    envelope.
    """
    try:
        return unpack(body, object_pairs_hook=_hashable_map)
    except Exception as e:
        _refuse_promise(e)
        failed = f"{type(e).__name__}: {e}"
    view = memoryview(body)
    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(body)
    try:
        count = unpacker.read_array_header()
    except Exception:
        return Undecodable(failed)
    parts = [_skip(view, unpacker) for _ in range(count)]
    message = [_decode_part(part) for part in parts]
    at = _ENVELOPE_MAPS.get(message[0] if parts and isinstance(message[0], int) else 0, count)
    if at < count and isinstance(message[at], Undecodable):
        message[at] = _decode_map(parts[at])
    return message


_ENVELOPE_MAPS = {1: 1, 5: 4, 6: 3}  # by type, the position of a map with values of any kind


def _skip(view: memoryview, unpacker: Any) -> memoryview:
    start = unpacker.tell()
    unpacker.skip()
    return view[start : unpacker.tell()]


def _decode_part(part: memoryview) -> Any:
    try:
        return unpack(part, object_pairs_hook=_hashable_map)
    except Exception as e:
        _refuse_promise(e)
        return Undecodable(f"{type(e).__name__}: {e}")


def _decode_map(part: memoryview) -> Any:
    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(part)
    try:
        count = unpacker.read_map_header()
    except Exception as e:
        return Undecodable(str(e))
    items = [_decode_part(_skip(part, unpacker)) for _ in range(2 * count)]
    keys = items[::2]
    if not all(type(key) is str for key in keys):
        raise Violation("element-type", "a key of a map of the envelope is no str")
    return dict(zip(keys, items[1::2]))


def _hashable_map(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    return {_hashable(key): value for key, value in pairs}


def _hashable(key: Any) -> Any:
    """Return a key as something that can be one: an array as a tuple."""
    return tuple(_hashable(item) for item in key) if isinstance(key, list) else key

"""Messages become frames.

A frame that carries a payload is a head and what is packed or bytes already, so that neither is
copied to be put together.
"""

from __future__ import annotations

import struct
from typing import Any

import msgpack

from ._encode import Parts, encode, size_of
from ._errors import Error, error_map
from ._messages import END, ERROR, INPUT, OUTPUT

_OUTPUT = struct.Struct(">IBBBIBB")
_OUTPUT_WIDE = struct.Struct(">IBBBQBB")
_LENGTH = struct.Struct(">I")
_LONGEST_HEAD = 13  # of an Output
_SMALL = 4096  # a frame up to this is put together


def frame_of(*elements: Any) -> bytes:
    """Return the frame of a message that is not large."""
    body: bytes = msgpack.packb(elements, unicode_errors="replace")
    return _LENGTH.pack(len(body)) + body


def input_head(
    exchange: int, flags: int, method: str | None, meta: dict[str, Any] | None, size: int
) -> bytes:
    """Return an Input's frame up to its payload, which is of that size."""
    head = b"\x96" + b"".join(
        msgpack.packb(v, unicode_errors="replace") for v in (INPUT, exchange, flags, method, meta)
    )
    return _LENGTH.pack(len(head) + size) + head


def output_frame(exchange: int, flags: int, payload: Parts, most: int) -> Parts:
    """Return the frame of an Output; an Error says that its body has more bytes than that."""
    size = size_of(payload)
    if size + _LONGEST_HEAD <= most:
        head = _head(exchange, flags, size)
    else:
        head = _tight_head(exchange, flags, size)
        if size + len(head) - _LENGTH.size > most:
            raise Error("too_large", f"a frame is over the {most} bytes that the host accepts")
    if size < _SMALL:
        return (head + b"".join(payload),)
    return (head, *payload)


def error_frame(exchange: int, error: Error, most: int) -> bytes:
    """Return the Output that ends an exchange with an error, or with what of it can be told."""
    try:
        return _error_frame(exchange, error, most)
    except Error as e:
        too_large = e.code == "too_large"
        text = "the error is larger than the host accepts" if too_large else error.message
        return _error_frame(exchange, Error(error.code[:100], text[: most // 8]), most)


def _error_frame(exchange: int, error: Error, most: int) -> bytes:
    payload = encode(error_map(error), "the error has")
    return b"".join(output_frame(exchange, END | ERROR, payload, most))


def _head(exchange: int, flags: int, size: int) -> bytes:
    """Return an Output's frame up to its payload, which is of that size."""
    if exchange < 1 << 32:
        return _OUTPUT.pack(9 + size, 0x95, OUTPUT, 0xCE, exchange, flags, 0xC0)
    return _OUTPUT_WIDE.pack(_LONGEST_HEAD + size, 0x95, OUTPUT, 0xCF, exchange, flags, 0xC0)


def _tight_head(exchange: int, flags: int, size: int) -> bytes:
    """Return the same in as few bytes as can be, where each of them counts."""
    number: bytes = msgpack.packb(exchange)
    head = b"\x95\x06" + number + bytes((flags, 0xC0))
    return _LENGTH.pack(len(head) + size) + head

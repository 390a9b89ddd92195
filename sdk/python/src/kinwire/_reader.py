"""Cuts the bytes that come over a link into bodies."""

from __future__ import annotations

import struct

from ._check import Buffer
from ._errors import Violation
from ._link import Link

_CHUNK = 64 << 10
_LENGTH = struct.Struct(">I")


class Reader:
    """The bodies that come over a link; its user reads from one thread at a time."""

    def __init__(self, link: Link, max_frame: int) -> None:
        self._read_into = link.read_into
        self._max_frame = max_frame
        self._view = memoryview(bytearray(_CHUNK))
        self._start = self._end = 0
        self._most_at_once = min(_CHUNK, max_frame + 4)

    def next(self) -> Buffer | None:
        """Wait for a body and return it, or None at the end.

        It is valid until the next one is asked for.
        """
        start, end, view = self._start, self._end, self._view
        if start == end:
            start, end = 0, self._read_into(view)
            self._start, self._end = 0, end
        if end - start > 4:  # most frames come one at a time, and whole
            (length,) = _LENGTH.unpack_from(view, start)
            stop = start + 4 + length
            if start + 4 < stop <= end and length + 4 <= self._most_at_once:
                self._start = stop
                return view[start + 4 : stop]
        return self._next_part() if end else None

    def _next_part(self) -> Buffer | None:
        """Return a body that is not in the buffer yet."""
        if not self._fill(4):
            return None
        (length,) = _LENGTH.unpack_from(self._view, self._start)
        if not 0 < length <= self._max_frame:
            raise Violation("frame-length", f"a frame's length is {length}")
        if length > _CHUNK - 4:
            return self._large(length)
        if not self._fill(length + 4):
            return None
        start = self._start + 4
        self._start = start + length
        return self._view[start : start + length]

    def _fill(self, n: int) -> bool:
        """Read until n bytes are there."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start + n > _CHUNK:
            rest = bytes(self._view[self._start : self._end])
            self._view[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
        while self._end - self._start < n:
            got = self._read_into(self._view[self._end :])
            if not got:
                return False
            self._end += got
        return True

    def _large(self, length: int) -> Buffer | None:
        """Read a body that is larger than the buffer into one that grows as bytes arrive."""
        body = bytearray(self._view[self._start + 4 : self._end])
        self._start = self._end = 0
        have = len(body)
        while have < length:
            body.extend(bytes(min(length - have, max(have, 4 * _CHUNK))))
            with memoryview(body) as view:
                while have < len(body):
                    got = self._read_into(view[have:])
                    if not got:
                        return None
                    have += got
        return body

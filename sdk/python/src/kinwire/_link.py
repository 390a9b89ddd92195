"""Moves bytes between this process and its host."""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Sequence
from typing import Protocol


class Link(Protocol):
    """A stream of bytes to and from the host. One thread reads at a time, and one writes."""

    source: int
    """The descriptor that is read."""

    def read_into(self, view: memoryview) -> int:
        """Wait for bytes, and return how many there are; none is the end."""

    def write(self, parts: Sequence[bytes | memoryview]) -> int:
        """Write what goes without waiting, and return how many bytes that is."""

    def wait_writable(self, seconds: float) -> None:
        """Wait until more can be written, or can't for good."""

    def close(self) -> None:
        """Close it, in a process that has inherited it and is no worker."""


class SocketLink:
    """A link over a stream socket."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        if self._socket.type != socket.SOCK_STREAM:
            self._socket.detach()
            raise ValueError("the descriptor is no stream socket")
        self._socket.setblocking(True)
        self.source = fd
        self.read_into = self._socket.recv_into
        self._flags = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)

    def write(self, parts: Sequence[bytes | memoryview]) -> int:
        try:
            if len(parts) == 1:
                return self._socket.send(parts[0], self._flags)
            return self._socket.sendmsg(parts, (), self._flags)
        except BlockingIOError:
            return 0

    def wait_writable(self, seconds: float) -> None:
        _wait(self.source, select.POLLOUT, seconds)

    def close(self) -> None:
        self._socket.close()


class PipeLink:
    """A link over two descriptors, one for each direction."""

    def __init__(self, source: int, sink: int) -> None:
        for fd in (source, sink):
            mode = os.fstat(fd).st_mode
            if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
                raise ValueError("standard input and output must be pipes")
        self.source, self._sink = source, sink
        os.set_blocking(sink, False)

    def read_into(self, view: memoryview) -> int:
        while True:
            try:
                return os.readv(self.source, [view])
            except BlockingIOError:  # source and sink are one
                _wait(self.source, select.POLLIN, 60)

    def write(self, parts: Sequence[bytes | memoryview]) -> int:
        try:
            return os.writev(self._sink, parts)
        except BlockingIOError:
            return 0

    def wait_writable(self, seconds: float) -> None:
        _wait(self._sink, select.POLLOUT, seconds)

    def close(self) -> None:
        os.close(self.source)
        os.close(self._sink)


def _wait(fd: int, events: int, seconds: float) -> None:
    poll = select.poll()
    poll.register(fd, events)
    poll.poll(seconds * 1000)

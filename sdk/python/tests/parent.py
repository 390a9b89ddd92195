"""A parent written by hand: it speaks bytes, and knows nothing of the SDK."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import msgpack

SDK = Path(__file__).parent.parent
PROGRAMS = SDK / "tests" / "programs"
EXAMPLE = SDK.parent.parent / "examples" / "python-worker" / "worker.py"
PATIENCE = 20.0
"""Seconds after which something that should have happened has not."""

INITIALIZE, INITIALIZED, PING, PONG, INPUT, OUTPUT = 1, 2, 3, 4, 5, 6
CANCEL, CREDIT, LOG, SHUTDOWN, SHUTDOWN_ACK, EXITING = 7, 8, 9, 10, 11, 12
END, ERROR, EMPTY = 1, 2, 4
FEATURES = ["credit", "cancel", "log", "host-call"]


def frame(*elements: Any) -> bytes:
    body = msgpack.packb(elements)
    return struct.pack(">I", len(body)) + body


def _as_dict(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    return {tuple(k) if isinstance(k, list) else k: v for k, v in pairs}


class Parent:
    """A worker process, and this side of its link."""

    def __init__(
        self, program: Path, *args: str, transport: str = "fd", python: str = sys.executable
    ) -> None:
        env = dict(os.environ, PYTHONPATH=str(SDK / "src"), PYTHONUNBUFFERED="")
        self._buffer = b""
        self._socket, theirs = socket.socketpair()
        fd = theirs.fileno()
        stdio = transport == "stdio"
        env["KINWIRE_TRANSPORT"] = "stdio" if stdio else f"fd:{fd}"
        self.process = subprocess.Popen(
            [python, str(program), *args],
            env=env,
            pass_fds=() if stdio else (fd,),
            stdin=subprocess.PIPE if stdio else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        self.logs: list[list[Any]] = []
        self.id = -1
        if stdio:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self._out = self.process.stdin.fileno()
            self._in = self.process.stdout.fileno()
        else:
            self._socket.settimeout(PATIENCE)

    @property
    def _is_stdio(self) -> bool:
        return hasattr(self, "_out")

    def __enter__(self) -> Parent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    # Bytes.

    def write(self, data: bytes) -> None:
        if self._is_stdio:
            while data:
                data = data[os.write(self._out, data) :]
        else:
            self._socket.sendall(data)

    def send(self, *elements: Any) -> None:
        self.write(frame(*elements))

    def receive(self) -> list[Any] | None:
        """Return the next message, or None at the end of file."""
        while True:
            if len(self._buffer) >= 4:
                (n,) = struct.unpack(">I", self._buffer[:4])
                if len(self._buffer) >= 4 + n:
                    body, self._buffer = self._buffer[4 : 4 + n], self._buffer[4 + n :]
                    message: list[Any] = msgpack.unpackb(
                        body, strict_map_key=False, object_pairs_hook=_as_dict
                    )
                    return message
            try:
                data = os.read(self._in, 1 << 20) if self._is_stdio else self._socket.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data

    def expect(self, kind: int) -> list[Any]:
        """Return the next message, which is of that type; logs are put aside."""
        while True:
            message = self.receive()
            assert message is not None, f"end of file: {self.end()}"
            if message[0] == LOG and kind != LOG:
                self.logs.append(message)
                continue
            assert message[0] == kind, message
            return message

    def hang_up(self) -> None:
        if self._is_stdio:
            assert self.process.stdin is not None
            self.process.stdin.close()
        self._socket.close()

    # Conversations.

    def initialize(self, **more: Any) -> dict[str, Any]:
        self.send(INITIALIZE, {"versions": [1], "features": FEATURES, "log_level": "info", **more})
        told: dict[str, Any] = self.expect(INITIALIZED)[1]
        return told

    def open(self, method: str, payload: Any = None, flags: int = END, meta: Any = None) -> int:
        self.id += 2
        self.send(INPUT, self.id, flags, method, meta, payload)
        return self.id

    def output(self, exchange: int) -> list[Any]:
        message = self.expect(OUTPUT)
        assert message[1] == exchange, message
        return message

    def call(self, method: str, payload: Any = None, meta: Any = None) -> Any:
        """Return the one value of an answer, or its error map."""
        values = self.values(self.open(method, payload, meta=meta))
        return values[0] if values else None

    def values(self, exchange: int) -> list[Any]:
        """Return all values of an answer, or its error map as the last."""
        values = []
        while True:
            _, _, flags, _, payload = self.output(exchange)
            if not flags & EMPTY or flags & ERROR:
                values.append(payload)
            if flags & (END | ERROR):
                return values

    def ping(self) -> dict[str, int]:
        self.send(PING, 7)
        _, seq, status = self.expect(PONG)
        assert seq == 7
        told: dict[str, int] = status
        return told

    def end(self) -> tuple[int, str]:
        """Wait for the exit, and return its code and what was said on stderr."""
        _, err = (
            self.process.communicate(timeout=PATIENCE)
            if not self._is_stdio
            else (
                None,
                self._stderr(),
            )
        )
        return self.process.wait(PATIENCE), err.decode()

    def _stderr(self) -> bytes:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def shutdown(self, grace_ms: int = 5000, reason: str = "") -> tuple[int, str]:
        self.send(SHUTDOWN, grace_ms, reason)
        self.expect(SHUTDOWN_ACK)
        assert self.expect(EXITING)[1] == 0
        return self.end()


def eventually(check: Any, what: str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < until, what
        time.sleep(0.01)

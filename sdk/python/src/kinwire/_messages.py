"""What a message from the host means."""

from __future__ import annotations

from typing import Any, NamedTuple, Union

from ._errors import Violation

INITIALIZE, INITIALIZED, PING, PONG, INPUT, OUTPUT = 1, 2, 3, 4, 5, 6
CANCEL, CREDIT, LOG, SHUTDOWN, SHUTDOWN_ACK, EXITING = 7, 8, 9, 10, 11, 12
# What only a child may send, by type.
NAMES = {INITIALIZED: "Initialized", PONG: "Pong", LOG: "Log"}
NAMES.update({SHUTDOWN_ACK: "ShutdownAck", EXITING: "Exiting"})

END, ERROR, EMPTY = 1, 2, 4

VERSION = 1
FEATURES = ("credit", "cancel", "log", "host-call")
MOST_INT = 2**31 - 1
MOST_ID = 2**53 - 1
LEAST_MAX_FRAME = 4096
MAX_FRAME = 16 << 20
WINDOW = 64 << 10
CONCURRENCY = 64


class Initialize(NamedTuple):
    """What the host says of itself."""

    versions: list[int]
    worker: str
    max_frame: int
    window: int
    concurrency: int
    ping_interval_ms: int
    ping_timeout_ms: int
    features: list[str]
    log_level: str
    config: Any


class Input(NamedTuple):
    """One value of an exchange, from its opener."""

    id: int
    flags: int
    method: str | None
    meta: dict[str, Any] | None
    payload: Any


class Output(NamedTuple):
    """One value of an exchange, from its answerer."""

    id: int
    flags: int
    meta: dict[str, Any] | None
    payload: Any


class Ping(NamedTuple):
    """A question for a Pong."""

    seq: int


class Cancel(NamedTuple):
    """An opener's last word."""

    id: int
    reason: str


class Credit(NamedTuple):
    """Leave to send more."""

    id: int
    bytes: int


class Shutdown(NamedTuple):
    """The host's wish that the worker ends."""

    grace_ms: int
    reason: str


Message = Union[Initialize, Input, Output, Ping, Cancel, Credit, Shutdown]


def kind(message: list[Any]) -> int:
    """Return the type of a message, or 0 if it is unknown."""
    n = _whole(message[0], "the type of a message")
    return n if 0 < n <= EXITING else 0


def parse(message: list[Any]) -> Message | None:
    """Read what the host has sent; None is a message that means nothing."""
    n = kind(message)
    if n in NAMES:
        raise Violation("sender", f"the host sent {NAMES[n]}")
    reader = _READERS.get(n)
    return reader(message) if reader else None


def _initialize(m: list[Any]) -> Initialize:
    told = _map(m[1] if len(m) > 1 else None, "the map of Initialize")
    if told is None:
        raise _wrong("the map of Initialize", None)
    size = _int(told.get("max_frame"), "max_frame", 0)
    if 0 < size < LEAST_MAX_FRAME:
        raise Violation("max-frame", f"max_frame is {size}, and under {LEAST_MAX_FRAME}")
    return Initialize(
        versions=[_whole(v, "one of versions") for v in _list(told.get("versions"), "versions")],
        worker=_str(told.get("worker"), "worker"),
        max_frame=size or MAX_FRAME,
        window=_int(told.get("window"), "window", 0) or WINDOW,
        concurrency=_int(told.get("concurrency"), "concurrency", 0) or CONCURRENCY,
        ping_interval_ms=_int(told.get("ping_interval_ms"), "ping_interval_ms", 0),
        ping_timeout_ms=_int(told.get("ping_timeout_ms"), "ping_timeout_ms", 0),
        features=[
            _required_str(f, "one of features") for f in _list(told.get("features"), "features")
        ],
        log_level=_str(told.get("log_level"), "log_level"),
        config=told.get("config"),
    )


def _ping(m: list[Any]) -> Ping:
    seq = _whole(m[1], "seq") if len(m) > 1 and m[1] is not None else 0
    if seq < 0:
        raise _wrong("seq", seq)
    return Ping(seq)


def _input(m: list[Any]) -> Input:
    if len(m) != 6:
        m = _padded(m, 6, "Input")
    method = m[3]
    if method is not None and type(method) is not str:
        raise _wrong("method", method)
    return Input(_id(m[1]), _flags(m[2]), method, _meta(m[4]), m[5])


def _output(m: list[Any]) -> Output:
    if len(m) != 5:
        m = _padded(m, 5, "Output")
    return Output(_id(m[1]), _flags(m[2]), _meta(m[3]), m[4])


def _cancel(m: list[Any]) -> Cancel:
    return Cancel(_id(m[1] if len(m) > 1 else None), _str(m[2] if len(m) > 2 else None, "reason"))


def _credit(m: list[Any]) -> Credit:
    exchange = _id(m[1] if len(m) > 1 else None)
    size = _whole(m[2] if len(m) > 2 else None, "bytes")
    if not 1 <= size <= MOST_INT:
        raise _wrong("bytes", size)
    return Credit(exchange, size)


def _shutdown(m: list[Any]) -> Shutdown:
    grace = _int(m[1] if len(m) > 1 else None, "grace_ms", 0)
    return Shutdown(grace, _str(m[2] if len(m) > 2 else None, "reason"))


_READERS: dict[int, Any] = {
    INITIALIZE: _initialize,
    PING: _ping,
    INPUT: _input,
    OUTPUT: _output,
    CANCEL: _cancel,
    CREDIT: _credit,
    SHUTDOWN: _shutdown,
}


def _wrong(what: str, value: Any) -> Violation:
    return Violation("element-type", f"{what} is {str(value)[:100]!r} ({type(value).__name__})")


def _padded(m: list[Any], n: int, name: str) -> list[Any]:
    if len(m) > n:
        raise Violation("element-type", f"{name} has {len(m)} elements, and not {n} at most")
    return m + [None] * (n - len(m))


def _whole(v: Any, what: str) -> int:
    """Return an int, which a float without a fraction is too, and a bool is not."""
    if type(v) is int:
        return v
    if type(v) is float and v.is_integer():
        return int(v)
    raise _wrong(what, v)


def _int(v: Any, what: str, default: int) -> int:
    """Return an int from 0 to MOST_INT, which is what any larger one reads as."""
    if v is None:
        return default
    n = _whole(v, what)
    if n < 0:
        raise _wrong(what, v)
    return min(n, MOST_INT)


def _id(v: Any) -> int:
    if v is None:
        raise Violation("exchange-id", "an id is missing")
    n = v if type(v) is int else _whole(v, "id")
    if not 0 < n <= MOST_ID:
        raise Violation("exchange-id", f"an id is {n}")
    return n


def _flags(v: Any) -> int:
    n = v if type(v) is int else 0 if v is None else _whole(v, "flags")
    if not 0 <= n <= MOST_ID:
        raise _wrong("flags", v)
    return n


def _str(v: Any, what: str) -> str:
    return "" if v is None else _required_str(v, what)


def _required_str(v: Any, what: str) -> str:
    if type(v) is not str:
        raise _wrong(what, v)
    return v


def _list(v: Any, what: str) -> list[Any]:
    if v is None:
        return []
    if type(v) is not list:
        raise _wrong(what, v)
    return v


def _map(v: Any, what: str) -> dict[str, Any] | None:
    if v is None:
        return None
    if type(v) is not dict:
        raise _wrong(what, v)
    for key in v:
        if type(key) is not str:
            raise _wrong(f"a key of {what}", key)
    return v


def _meta(v: Any) -> dict[str, Any] | None:
    if v is None:
        return None
    meta = _map(v, "meta")
    if meta is not None:
        left = meta.get("timeout_ms")
        if left is not None:
            meta["timeout_ms"] = _whole(left, "timeout_ms")
    return meta

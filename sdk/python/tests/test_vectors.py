"""The vectors that the tests of every language run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgpack
import pytest

from kinwire import _messages as m
from kinwire._check import Undecodable, decode
from kinwire._encode import encode, size_of
from kinwire._errors import Violation
from kinwire._frames import frame_of, input_head, output_frame
from kinwire._reader import Reader

VECTORS = json.loads(
    (Path(__file__).parents[3] / "wire" / "testdata" / "vectors.json").read_text()
)["vectors"]
NUMBERS = {
    "Initialized": m.INITIALIZED,
    "Pong": m.PONG,
    "Cancel": m.CANCEL,
    "Credit": m.CREDIT,
    "Log": m.LOG,
    "ShutdownAck": m.SHUTDOWN_ACK,
    "Exiting": m.EXITING,
}


class Unknown(Exception):
    """A value that Python has not."""


class OneFrame:
    """A link over which one frame comes."""

    source = -1

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read_into(self, view: memoryview) -> int:
        part, self.data = self.data[: len(view)], self.data[len(view) :]
        view[: len(part)] = part
        return len(part)

    def write(self, parts: Any) -> int:
        raise NotImplementedError

    def wait_writable(self, seconds: float) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def untag(v: Any) -> Any:
    """Return what a tagged value stands for."""
    if not isinstance(v, dict):
        return v
    ((tag, inner),) = v.items()
    if tag == "int":
        return int(inner)
    if tag == "float":
        return float(inner)
    if tag == "bin":
        return bytes.fromhex(inner)
    if tag == "ext":
        code, data = inner[0], bytes.fromhex(inner[1])
        return _ext(code, data)
    if tag == "array":
        return [untag(item) for item in inner]
    pairs = {}
    for key, value in inner:
        k = untag(key)
        if isinstance(k, list):
            k = _hashable(k)
        if isinstance(k, dict):
            raise Unknown
        pairs[k] = untag(value)
    return pairs


def _ext(code: int, data: bytes) -> Any:
    try:
        return msgpack.Timestamp.from_bytes(data) if code == -1 else msgpack.ExtType(code, data)
    except ValueError:
        raise Unknown from None


def _hashable(v: Any) -> Any:
    if isinstance(v, dict):
        raise Unknown
    return tuple(_hashable(i) for i in v) if isinstance(v, list) else v


def same(a: Any, b: Any) -> bool:
    """Compare as values, where NaN is NaN, and a bool is no int."""
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, msgpack.ExtType) or isinstance(b, msgpack.ExtType):
        return bool(a == b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(
            any(same(k, j) and same(v, w) for j, w in b.items()) for k, v in a.items()
        )
    return bool(a == b)


def received(hexed: str) -> Any:
    body = Reader(OneFrame(bytes.fromhex(hexed)), m.MAX_FRAME).next()
    if body is None:
        raise Violation("cut", "the frame is cut")
    return m.parse(decode(body))


def named(prefix: str, to: tuple[str, ...], verdict: str) -> list[Any]:
    chosen = [v for v in VECTORS if v["to"] in to and v["verdict"] == verdict]
    return [pytest.param(v, id=v["name"]) for v in chosen if v["name"].startswith(prefix)]


CHILD = ("child", "either")


@pytest.mark.parametrize("vector", named("", CHILD, "fatal"))
def test_fatal(vector: Any) -> None:
    with pytest.raises(Violation) as e:
        received(vector["hex"])
    assert e.value.rule in vector["rules"]


@pytest.mark.parametrize("vector", named("", CHILD, "ignored"))
def test_ignored(vector: Any) -> None:
    assert received(vector["hex"]) is None


@pytest.mark.parametrize("vector", named("", CHILD, "ok"))
def test_received(vector: Any) -> None:
    got = received(vector["hex"])
    assert type(got).__name__ == vector["message"]
    fields = vector["fields"].get("map", vector["fields"])
    for name, wanted in fields.items():
        value = getattr(got, name)
        if name == "flags":
            value &= m.END | m.ERROR | m.EMPTY
        if isinstance(value, Undecodable):
            continue  # the frame is sound, and its payload is bad_input
        try:
            wanted = untag(wanted)
        except Unknown:
            pytest.fail(f"{name} was decoded as {value!r}")
        if name == "meta":
            value, wanted = value or {}, wanted or {}
        assert same(value, wanted), name


@pytest.mark.parametrize("vector", named("", ("parent", "either"), "ok"))
def test_sent(vector: Any) -> None:
    """What a worker sends with these fields reads as them."""
    kind, fields = vector["message"], vector["fields"]
    if kind == "Initialize":
        pytest.skip("a parent sends it")
    try:
        told = {k: _untag_deep(v, k) for k, v in fields.items()}
    except Unknown:
        pytest.skip("nothing that Python has")
    if kind in ("Input", "Output"):
        parts = encode(told["payload"], "it has")
        meta = told["meta"]
        if kind == "Input":
            head = input_head(told["id"], told["flags"], told["method"], meta, size_of(parts))
            parts = (head, *parts)
            wanted = [m.INPUT, told["id"], told["flags"], told["method"], meta, told["payload"]]
        else:
            parts = output_frame(told["id"], told["flags"], parts, m.MAX_FRAME)
            wanted = [m.OUTPUT, told["id"], told["flags"], None, told["payload"]]
        frame = b"".join(parts)
    else:
        wanted = [NUMBERS[kind], *_in_order(kind, told)]
        frame = frame_of(*wanted)
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    assert same(decode(frame[4:]), wanted)


ORDER = {
    "Initialized": ["map"],
    "Pong": ["seq", "status"],
    "Cancel": ["id", "reason"],
    "Credit": ["id", "bytes"],
    "Log": ["level", "unix_ms", "message", "fields"],
    "ShutdownAck": ["in_flight"],
    "Exiting": ["code", "reason"],
}


def _in_order(kind: str, told: dict[str, Any]) -> list[Any]:
    return [told[name] for name in ORDER[kind]]


def _untag_deep(v: Any, name: str) -> Any:
    """Untag a field; those of the envelope's maps are objects, and not tagged."""
    if name in ("map", "status") and isinstance(v, dict):
        return {k: _untag_deep(inner, k) for k, inner in v.items()}
    if name == "error" and isinstance(v, dict):
        return {k: untag(inner) for k, inner in v.items()}
    return v if name in ("methods", "features") else untag(v)

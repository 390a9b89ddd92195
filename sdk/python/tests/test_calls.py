"""Calls: one value there, one value or an error back."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from parent import END, ERROR, INPUT, OUTPUT, Parent


def test_initialized(start: Any, transport: str) -> None:
    told = start("everything", transport=transport).initialize()
    assert told["version"] == 1
    assert told["name"] == "everything"
    assert told["build"] == "1.0"
    assert told["sdk"].startswith("kinwire-python/")
    assert told["concurrency"] == 8
    assert "greet" in told["methods"]
    assert told["features"] == ["credit", "cancel", "log", "host-call"]


def test_features_are_those_that_were_offered(start: Any) -> None:
    assert start("everything").initialize(features=["log", "z"])["features"] == ["log"]


VALUES = [
    None,
    True,
    0,
    -(2**63),
    2**64 - 1,
    1.5,
    "",
    "ä" * 300,
    b"\xff" * 300,
    b"x" * 100_000,
    [1, [2, [3]]],
    {"a": {"b": [None]}},
    {1: "int key", (1, 2): "tuple key", b"b": "bin key"},
    msgpack.ExtType(5, b"abc"),
    msgpack.Timestamp(1, 5),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:20])
def test_values_come_back_as_they_were(everything: Parent, value: Any) -> None:
    # The first call goes by another way than those that follow it.
    for _ in range(3):
        back = everything.call("echo", value)
        assert back == value


def test_strange_payloads_are_no_end(everything: Parent) -> None:
    def opened(payload: bytes) -> list[Any]:
        everything.id += 2
        body = b"\x96" + b"".join(map(msgpack.packb, (INPUT, everything.id, END, "echo", None)))
        everything.write((len(body) + len(payload)).to_bytes(4, "big") + body + payload)
        return everything.expect(OUTPUT)

    for _ in range(2):
        assert opened(b"\x81\x91\x01\x02")[4] == {(1,): 2}  # a key that is an array
        assert opened(b"\x81\x81\x01\x02\x03")[4]["code"] == "bad_input"  # and one that is a map
        assert opened(b"\xc7\x05\xff12345")[4]["code"] == "bad_input"  # a time of five bytes
        assert opened(b"\xa2\xff\xfe")[4] == "\ufffd\ufffd"
        assert opened(b"\x91" * 62 + b"\x90")[2] == END
        assert opened(b"\xde\x00\x01\xa1a\xc0")[4] == {"a": None}


def test_a_value_is_held_against_its_annotation(everything: Parent) -> None:
    assert everything.call("greet", "you") == "Hello, you!"
    assert everything.call("greet", 5) == {
        "code": "bad_input",
        "message": "name must be a str, and is an int",
    }
    assert everything.call("mirror", {"x": 1, "z": 0}) == {"x": 2, "y": 1}
    assert everything.call("mirror", {"y": 1})["message"] == "point lacks the key 'x'"
    assert "point['x'] must be an int" in everything.call("mirror", {"x": "1"})["message"]


def test_no_value(everything: Parent) -> None:
    opened = everything.open("greet", None, flags=5)
    assert everything.values(opened)[0]["code"] == "bad_input"
    opened = everything.open("optional", None, flags=5)
    assert everything.values(opened) == [5]


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ("error", "failed", "ValueError: bad thing"),
        ("exit", "panicked", "SystemExit: 3"),
        ("coded", "my.code", "text"),
        ("lie", "failed", "overloaded: not really"),
    ],
)
def test_exceptions(everything: Parent, what: str, code: str, message: str) -> None:
    told = everything.call("raises", what)
    assert (told["code"], told["message"]) == (code, message)
    assert told.get("data") == ({"a": 1} if what == "coded" else None)
    assert everything.call("echo", 1) == 1


def test_the_traceback_goes_to_the_log(everything: Parent) -> None:
    everything.call("raises", "error")
    everything.ping()
    (log,) = everything.logs
    assert log[1] == "error"
    assert 'raise ValueError("bad thing")' in log[4]["exception"]


def test_what_cannot_be_encoded_is_named(everything: Parent) -> None:
    told = everything.call("unserialisable")
    assert told["code"] == "failed"
    assert told["message"] == (
        "the method 'unserialisable' returned a value that can't be encoded: "
        "object at ['items'][1]['a']"
    )
    for value in (2**70, [[2**64]]):
        deep: Any = value
        assert "over 64 bits" in _encode_error(deep)
    nested: Any = None
    for _ in range(64):
        nested = [nested]
    assert "too deep" in _encode_error(nested)


def _encode_error(value: Any) -> str:
    from kinwire import Error
    from kinwire._encode import encode

    with pytest.raises(Error) as e:
        encode(value, "it returned")
    return e.value.message


def test_refusals(everything: Parent) -> None:
    assert everything.call("nope")["code"] == "unknown_method"
    assert everything.call("echo", 1, {"timeout_ms": 0})["code"] == "deadline_exceeded"
    for _ in range(8):
        everything.open("waits", 30.0)
    assert everything.call("echo", 1)["code"] == "overloaded"
    assert everything.ping()["in_flight"] == 8


def test_too_large(start: Any) -> None:
    parent = start("everything")
    parent.initialize(max_frame=4096)
    assert parent.call("echo", b"x" * 4000) == b"x" * 4000
    assert parent.call("echo", b"x" * 5000)["code"] == "too_large"
    parent.call("raises", "x" * 5000)  # whatever comes of it, it fits


def test_an_input_with_an_error_fails_the_read(everything: Parent) -> None:
    opened = everything.open("echo", {"code": "up", "message": "stream"}, END | ERROR)
    assert everything.values(opened) == [{"code": "up", "message": "stream"}]


def test_calls_run_beside_one_another(everything: Parent) -> None:
    opened = [everything.open("blocks", 0.3) for _ in range(8)]
    done = {everything.expect(OUTPUT)[1] for _ in opened}
    assert done == set(opened)


def test_facts(everything: Parent) -> None:
    facts = everything.call("facts", None, {"timeout_ms": 60_000, "app.x": 1})
    assert facts["method"] == "facts"
    assert facts["meta"] == {"timeout_ms": 60_000, "app.x": 1}
    assert 30 < facts["remaining"] <= 60

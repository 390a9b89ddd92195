"""Calls of the worker to its host."""

from __future__ import annotations

from typing import Any

import pytest

from parent import CANCEL, CREDIT, EMPTY, END, ERROR, INPUT, OUTPUT, Parent, eventually

METHODS = ["call", "acall"]


@pytest.mark.parametrize("method", METHODS)
def test_a_call(everything: Parent, method: str) -> None:
    opened = everything.open(method, {"method": "twice", "input": 4}, meta={"timeout_ms": 60_000})
    _, asked, flags, name, meta, payload = everything.expect(INPUT)
    assert (asked, flags, name, payload) == (2, END, "twice", 4)
    assert 30_000 < meta["timeout_ms"] <= 60_000
    everything.send(OUTPUT, asked, END, None, 8)
    assert everything.values(opened) == [8]


@pytest.mark.parametrize("method", METHODS)
def test_the_host_says_no(everything: Parent, method: str) -> None:
    opened = everything.open(method, {"method": "no"})
    asked = everything.expect(INPUT)[1]
    everything.send(
        OUTPUT, asked, END | ERROR, None, {"code": "my.code", "message": "m", "data": 1}
    )
    assert everything.values(opened) == [{"code": "my.code", "message": "m", "data": 1}]


@pytest.mark.parametrize("method", METHODS)
def test_a_timeout(everything: Parent, method: str) -> None:
    opened = everything.open(method, {"method": "slow", "timeout": 0.1})
    asked = everything.expect(INPUT)
    assert 0 < asked[4]["timeout_ms"] <= 100
    assert everything.expect(CANCEL)[1] == asked[1]
    assert everything.values(opened)[0]["code"] == "deadline_exceeded"
    everything.send(OUTPUT, asked[1], 0, None, "late")
    assert everything.expect(CREDIT)[1] == asked[1]  # what is discarded is granted at once
    everything.send(OUTPUT, asked[1], END | ERROR, None, {"code": "canceled"})
    assert everything.call("echo", 1) == 1


@pytest.mark.parametrize("method", METHODS)
def test_cancel_ends_it_at_once(everything: Parent, method: str) -> None:
    opened = everything.open(method, {"method": "slow"})
    asked = everything.expect(INPUT)[1]
    everything.send(CANCEL, opened, "")
    seen = [everything.receive(), everything.receive()]
    assert [CANCEL, asked] in [m[:2] for m in seen if m]
    assert [OUTPUT, opened] in [m[:2] for m in seen if m]
    eventually(lambda: everything.ping()["in_flight"] == 0, "the handler goes on")


def test_streams(everything: Parent) -> None:
    opened = everything.open("collect", "sum")
    _, asked, flags, name, _, _ = everything.expect(INPUT)
    assert (flags, name) == (EMPTY, "sum")
    got = [everything.expect(INPUT) for _ in range(4)]
    assert [m[5] for m in got] == [0, 1, 2, None]
    assert got[3][2] == END | EMPTY
    everything.send(OUTPUT, asked, 0, None, "a")
    everything.send(OUTPUT, asked, END, None, "b")
    assert everything.values(opened) == [["a", "b"]]

    opened = everything.open("acollect", "list")
    _, asked, flags, name, _, payload = everything.expect(INPUT)
    assert (flags, name, payload) == (END, "list", "go")
    for i in range(3):
        everything.send(OUTPUT, asked, 0, None, i)
    everything.send(OUTPUT, asked, END | EMPTY, None, None)
    assert everything.values(opened) == [[0, 1, 2]]


def test_the_concurrency_of_the_host_is_kept(start: Any) -> None:
    parent = start("everything")
    parent.initialize(concurrency=2)
    opened = {parent.open("call", {"method": "x", "input": i}) for i in range(6)}
    answered = 0
    waiting: list[int] = []
    while answered < 6:
        while len(waiting) < min(2, 6 - answered):
            waiting.append(parent.expect(INPUT)[1])
        parent.ping()  # and nothing else comes
        parent.send(OUTPUT, waiting.pop(), END, None, "ok")
        answered += 1
        # The next call may come before the answer.
        while True:
            message = parent.receive()
            assert message is not None
            if message[0] == INPUT:
                waiting.append(message[1])
            else:
                assert message[0] == OUTPUT
                opened.remove(message[1])
                break
    assert not opened


def test_without_the_feature(start: Any) -> None:
    parent = start("everything")
    parent.initialize(features=[])
    told = parent.call("call", {"method": "x"})
    assert told["code"] == "failed"
    assert "the host takes no calls" in told["message"]

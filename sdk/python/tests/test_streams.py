"""Many values: streams, credit, cancel and deadlines."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest

from parent import CANCEL, CREDIT, EMPTY, END, ERROR, INPUT, OUTPUT, Parent, eventually


@pytest.mark.parametrize("method", ["count", "acount"])
def test_a_generator_streams(everything: Parent, method: str) -> None:
    values = everything.values(everything.open(method, {"n": 5}))
    assert values == ([0, 1, 2, 3, 4] if method == "count" else [b"x" * 1000] * 5)


@pytest.mark.parametrize("method", ["total", "atotal"])
def test_inputs(everything: Parent, method: str) -> None:
    opened = everything.open(method, 1, flags=0)
    for i in (2, 3):
        everything.send(INPUT, opened, 0, None, None, i)
    everything.send(INPUT, opened, END | EMPTY, None, None, None)
    assert everything.values(opened) == [6]
    opened = everything.open(method, "x", flags=END)
    assert everything.values(opened)[0]["message"] == "value 1 must be an int, and is a str"
    opened = everything.open(method, {"code": "c"}, flags=END | ERROR)
    assert everything.values(opened)[0]["code"] == "c"


def test_duplex_goes_on_while_inputs_come(everything: Parent) -> None:
    opened = everything.open("duplex", None, flags=EMPTY)
    for i in range(3):
        everything.send(INPUT, opened, 0, None, None, i)
        assert everything.output(opened)[4] == i
    everything.send(INPUT, opened, END, None, None, "last")
    assert everything.values(opened) == ["last"]


def test_a_generator_is_not_run_ahead_of_credit(start: Any) -> None:
    parent = start("everything")
    parent.initialize(window=20)
    opened = parent.open("count", {"n": 1000})
    got = [parent.output(opened)[4] for _ in range(2)]  # 10 bytes each
    parent.ping()
    made = parent.call("seen")
    assert got == [0, 1]
    assert [e for e in made if e.startswith("made")] == ["made 0", "made 1", "made 2"]
    parent.send(CREDIT, opened, 10)
    assert parent.output(opened)[4] == 2
    parent.send(CANCEL, opened, "")
    assert parent.values(opened)[0]["code"] == "canceled"
    eventually(lambda: "closed" in parent.call("seen"), "the generator was not closed")
    assert "cancelled canceled" in parent.call("seen")


def test_inputs_are_granted_as_they_are_consumed(everything: Parent) -> None:
    opened = everything.open("duplex", None, flags=EMPTY)
    granted = echoed = 0
    for _ in range(8):
        everything.send(INPUT, opened, 0, None, None, b"x" * 100_000)
        while echoed < 8:
            message = everything.receive()
            assert message is not None
            if message[0] == CREDIT:
                granted += message[2]
                continue
            echoed += 1
            everything.send(CREDIT, opened, 100_015)
            break
    everything.send(INPUT, opened, END | EMPTY, None, None, None)
    while True:
        message = everything.receive()
        assert message is not None
        if message[0] == CREDIT:
            granted += message[2]
        if message[0] == OUTPUT and message[2] & END:
            break
    assert granted == 6 * 100_011  # half a window is 262144


def test_an_input_without_credit_is_fatal(everything: Parent) -> None:
    opened = everything.open("waits", 60.0)
    everything.send(INPUT, opened, 0, None, None, 1)  # behind END: ignored
    opened = everything.open("blocks", 5.0, flags=0)
    with contextlib.suppress(BrokenPipeError):
        for _ in range(10):
            everything.send(INPUT, opened, 0, None, None, b"x" * 100_000)
    code, said = everything.end()
    assert code == 65
    assert "the rule credit" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("method", "woken"), [("waits", "woken canceled"), ("awaits", "woken True")]
)
def test_cancel(everything: Parent, method: str, woken: str) -> None:
    opened = everything.open(method, 60.0)
    eventually(lambda: "begun" in everything.call("seen"), "the handler does not begin")
    everything.send(CANCEL, opened, "no longer needed")
    told = everything.values(opened)
    assert told == [{"code": "canceled", "message": "no longer needed"}]
    eventually(lambda: woken in everything.call("seen"), "the handler was not told")
    eventually(lambda: everything.ping()["in_flight"] == 0, "the handler goes on")


@pytest.mark.parametrize("method", ["waits", "awaits", "blocks", "spins", "holds_loop"])
def test_a_deadline_is_kept_whatever_the_handler_does(everything: Parent, method: str) -> None:
    begun = time.monotonic()
    told = everything.call(method, 3.0, {"timeout_ms": 100})
    assert told["code"] == "deadline_exceeded"
    assert time.monotonic() - begun < 2.9


def test_a_deadline_of_a_quick_method(everything: Parent) -> None:
    for _ in range(5):
        assert everything.call("echo", 1, {"timeout_ms": 60_000}) == 1
    assert everything.call("blocks", 0.0) == "done"
    assert everything.call("blocks", 0.0) == "done"
    assert everything.call("blocks", 2.0, {"timeout_ms": 500})["code"] == "deadline_exceeded"
    assert everything.call("echo", 1) == 1


def test_a_stream_that_waits_for_credit_heeds_its_deadline(start: Any) -> None:
    parent = start("everything")
    parent.initialize(window=1)
    opened = parent.open("acount", {"n": 5}, meta={"timeout_ms": 200})
    assert parent.output(opened)[2] == 0
    assert parent.output(opened)[4]["code"] == "deadline_exceeded"
    eventually(lambda: "async cancelled" in parent.call("seen"), "it was not told")


def test_without_credit_an_unread_flood_is_ended(start: Any) -> None:
    parent = start("everything")
    parent.initialize(features=["cancel"])
    opened = parent.open("blocks", 20.0, flags=0)
    for _ in range(6):
        parent.send(INPUT, opened, 0, None, None, b"x" * 1_000_000)
    assert parent.values(opened)[0]["code"] == "failed"

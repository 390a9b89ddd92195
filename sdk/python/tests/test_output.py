"""Logs and prints."""

from __future__ import annotations

from typing import Any

from parent import LOG, Parent


def test_logs(everything: Parent) -> None:
    everything.call("log", "text %")
    first, second, third = everything.logs
    assert first[:2] == [LOG, "warn"]
    assert first[2] > 1_600_000_000_000
    assert first[3] == "text %"
    assert first[4] == {"n": 1, "odd": "<odd>", "logger": "my.logger"}
    assert second[1] == "error"
    assert second[4]["exception"].splitlines()[-1] == "KeyError: 'k'"
    assert third[1:2] + third[3:4] == ["info", "formatted 7"]


def test_the_host_chooses_the_level(start: Any) -> None:
    for level, lines in (("error", 1), ("warn", 2), ("info", 3), ("debug", 4), ("", 3), ("?", 3)):
        parent = start("everything")
        parent.initialize(log_level=level)
        parent.call("log", "x")
        assert len(parent.logs) == lines, level


def test_logs_are_dropped_and_counted_rather_than_waited_for(everything: Parent) -> None:
    opened = everything.open("flood", 5000)
    import time

    time.sleep(1.5)  # nobody reads meanwhile
    everything.values(opened)
    everything.call("log", "x")
    texts = [log[3] for log in everything.logs]
    (dropped,) = [t for t in texts if "were dropped" in t]
    lines = [t for t in texts if t.startswith("line ")]
    assert int(dropped.split()[0]) + len(lines) == 5000


def test_a_destructor_that_logs_holds_nobody_up(start: Any) -> None:
    """The garbage collector may call it on a thread that is about to send something."""
    parent = start("careless")
    parent.initialize()
    parent.call("logs_destructors", 1)
    for i in range(10):
        assert parent.call("echo", [i]) == [i]
    parent.ping()
    assert "collected" in [log[3] for log in parent.logs]


def test_logs_go_to_stderr_if_the_host_wants_none(start: Any) -> None:
    parent = start("everything")
    parent.initialize(features=[])
    parent.call("log", "to stderr")
    code, said = parent.shutdown()
    assert code == 0
    assert "WARNING my.logger: to stderr" in said
    assert not parent.logs


def test_prints_are_harmless(start: Any, transport: str) -> None:
    parent = start("everything", transport=transport)
    parent.initialize()
    parent.call("prints")
    assert parent.call("echo", 1) == 1
    parent.send(10, 1000, "")
    parent.expect(11)
    parent.expect(12)
    out, err = b"", b""
    if transport == "fd":
        out, err = parent.process.communicate(timeout=20)
    else:
        err = parent.process.stderr.read()  # type: ignore[union-attr]
    assert sorted((out + err).split()) == [b"echoed", b"printed", b"put", b"written"]

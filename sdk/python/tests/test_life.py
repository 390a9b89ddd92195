"""From the start of a worker to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from parent import (
    CANCEL,
    END,
    ERROR,
    EXAMPLE,
    EXITING,
    INITIALIZE,
    INITIALIZED,
    INPUT,
    LOG,
    OUTPUT,
    PING,
    PONG,
    SDK,
    SHUTDOWN,
    SHUTDOWN_ACK,
    Parent,
    eventually,
)


def run(transport: str | None, **more: Any) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ, PYTHONPATH=str(SDK / "src"))
    env.pop("KINWIRE_TRANSPORT", None)
    if transport is not None:
        env["KINWIRE_TRANSPORT"] = transport
    return subprocess.run(
        [sys.executable, str(EXAMPLE)], env=env, capture_output=True, text=True, timeout=20, **more
    )


@pytest.mark.parametrize(
    "transport", [None, "", "fd:x", "fd:99", "fd:0", "tcp:1", "stdio", "fd:-4"]
)
def test_without_a_host(transport: str | None) -> None:
    with open(os.devnull) as nothing:
        ended = run(transport, stdin=nothing)
    assert ended.returncode == 64
    (line,) = ended.stderr.splitlines()
    python = sys.executable if sys.version_info >= (3, 10) else "python"
    assert f"try `kinwire run -- {python} {EXAMPLE}` (" in line
    assert line.endswith(")")


@pytest.mark.parametrize("config", ["fail", "coded"])
def test_an_init_that_fails(start: Any, config: str) -> None:
    parent = start("everything")
    told = parent.initialize(config=config)
    if config == "fail":
        assert told["error"] == {"code": "failed", "message": "RuntimeError: no model"}
    else:
        assert told["error"] == {"code": "my.code", "message": "no licence"}
    assert parent.expect(EXITING)[1] == 1
    code, said = parent.end()
    assert code == 1
    assert said.splitlines()[-1].startswith("the worker could not be initialised: ")


def test_no_common_version(start: Any) -> None:
    parent = start("everything")
    parent.send(INITIALIZE, {"versions": [2, 3]})
    error = parent.expect(INITIALIZED)[1]["error"]
    assert error["code"] == "unsupported_version"
    assert "[2, 3]" in error["message"]
    assert parent.expect(EXITING)[1] == 1
    assert parent.end()[0] == 1


def test_shutdown_with_nothing_to_do(start: Any, transport: str) -> None:
    parent = start("everything", transport=transport)
    parent.initialize()
    parent.send(SHUTDOWN, 60_000, "recycled")
    assert parent.expect(SHUTDOWN_ACK) == [SHUTDOWN_ACK, 0]
    # The hooks have run, the last one first, and what they logged comes before Exiting.
    assert parent.expect(LOG)[3] == "first: recycled"
    assert parent.expect(LOG)[3] == "bye: recycled"
    assert parent.expect(EXITING) == [EXITING, 0, "recycled"]
    assert parent.receive() is None
    assert parent.end()[0] == 0


def test_shutdown_lets_handlers_finish(everything: Parent) -> None:
    opened = everything.open("blocks", 0.5)
    everything.send(SHUTDOWN, 60_000, "")
    assert everything.expect(SHUTDOWN_ACK) == [SHUTDOWN_ACK, 1]
    assert everything.call("echo", 1)["code"] == "shutting_down"
    assert everything.ping()["in_flight"] == 1
    assert everything.values(opened) == ["done"]
    assert everything.expect(EXITING)[1] == 0
    assert everything.end()[0] == 0


@pytest.mark.parametrize("method", ["waits", "awaits", "blocks", "spins", "holds_loop"])
def test_the_grace_ends(everything: Parent, method: str) -> None:
    opened = everything.open(method, 60.0)
    everything.send(SHUTDOWN, 300, "")
    everything.expect(SHUTDOWN_ACK)
    everything.send(SHUTDOWN, 100, "")
    everything.expect(SHUTDOWN_ACK)
    assert everything.values(opened)[0]["code"] == "canceled"
    assert everything.expect(EXITING)[1] == 0
    assert everything.end()[0] == 0


def test_sigterm(everything: Parent) -> None:
    opened = everything.open("waits", 0.5)
    everything.ping()
    everything.process.send_signal(signal.SIGTERM)
    assert everything.expect(SHUTDOWN_ACK) == [SHUTDOWN_ACK, 1]
    assert everything.call("echo", 1)["code"] == "shutting_down"
    assert everything.values(opened) == ["done"]
    begun = time.monotonic()
    everything.send(SHUTDOWN, 1000, "")  # which it waits for
    everything.expect(SHUTDOWN_ACK)
    assert everything.expect(EXITING) == [EXITING, 0, "SIGTERM"]
    assert time.monotonic() - begun < 0.9
    assert everything.end()[0] == 0


@pytest.mark.parametrize("method", ["holds_loop", "spins", "blocks"])
def test_sigterm_is_heard_whatever_handlers_do(everything: Parent, method: str) -> None:
    everything.open(method, 60.0)
    everything.ping()
    everything.process.send_signal(signal.SIGTERM)
    everything.expect(SHUTDOWN_ACK)
    assert everything.expect(OUTPUT)[4]["code"] == "canceled"
    everything.expect(EXITING)
    assert everything.end()[0] == 0


def test_a_sigterm_counts_once(everything: Parent) -> None:
    """It does not shorten the grace of a Shutdown that comes before the main thread hears of it."""
    waits = everything.open("total", 1, flags=0)
    keeps = everything.open("keeps_main_thread", 5_000_000)
    time.sleep(0.3)
    everything.process.send_signal(signal.SIGTERM)
    everything.expect(SHUTDOWN_ACK)
    everything.send(SHUTDOWN, 60_000, "")
    everything.expect(SHUTDOWN_ACK)
    assert everything.values(keeps) == ["done"]
    time.sleep(2.5)  # more than SIGTERM gives
    everything.send(INPUT, waits, END, None, None, 2)
    assert everything.values(waits) == [3]
    assert everything.expect(EXITING)[1] == 0


def test_sigterm_is_heard_beside_the_loop_s_own_signals(everything: Parent) -> None:
    assert everything.call("sets_wakeup_fd") is None
    everything.process.send_signal(signal.SIGTERM)
    everything.expect(SHUTDOWN_ACK)
    assert everything.expect(EXITING)[1] == 0


def test_sigint_is_ignored_but_not_inherited_so(everything: Parent) -> None:
    everything.process.send_signal(signal.SIGINT)
    assert everything.call("echo", 1) == 1
    told = everything.call("environment")
    assert told["self"] is None
    variable, ignored, descriptors = told["child"]
    assert (variable, ignored) == ("None", "False")
    assert int(descriptors) == 4  # the standard files, and the directory that is listed


def test_sigterm_before_initialize(start: Any) -> None:
    parent = start("everything")
    eventually(lambda: _catches(parent.process.pid, signal.SIGTERM), "SIGTERM is not caught")
    parent.process.send_signal(signal.SIGTERM)
    assert parent.end()[0] == 0


def test_sigterm_during_init(start: Any) -> None:
    parent = start("everything")
    eventually(lambda: _catches(parent.process.pid, signal.SIGTERM), "SIGTERM is not caught")
    parent.send(INITIALIZE, {"versions": [1], "config": "slow"})
    time.sleep(0.3)
    parent.process.send_signal(signal.SIGTERM)
    assert parent.expect(INITIALIZED)[1]["error"]["code"] == "canceled"
    parent.expect(EXITING)
    assert parent.end()[0] == 1


def _catches(pid: int, number: int) -> bool:
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


STATES: dict[str, Any] = {
    "before Initialize": lambda p: None,
    "inside of a frame": lambda p: p.write(b"\0\0"),
    "during init": lambda p: p.send(INITIALIZE, {"versions": [1], "config": "slow"}),
    "idle": lambda p: p.initialize(),
    "waits": lambda p: (p.initialize(), p.open("waits", 60.0)),
    "awaits": lambda p: (p.initialize(), p.open("awaits", 60.0)),
    "blocks": lambda p: (p.initialize(), p.open("blocks", 60.0)),
    "holds_loop": lambda p: (p.initialize(), p.open("holds_loop", 60.0)),
    "spins": lambda p: (p.initialize(), [p.open("spins", 60.0) for _ in range(8)]),
    "holds_gil": lambda p: (p.initialize(), p.open("holds_gil", 30)),
    "a stream stalls": lambda p: (p.initialize(window=1), p.open("count", {"n": 9})),
    "the link is full": lambda p: (p.initialize(window=1 << 30), p.open("acount", {"n": 9999})),
    "a call to the host": lambda p: (p.initialize(), p.open("call", {"method": "x"})),
    "in the grace": lambda p: (p.initialize(), p.open("blocks", 60.0), p.send(SHUTDOWN, 60_000)),
}


@pytest.mark.parametrize("state", STATES)
def test_end_of_file_ends_it(start: Any, transport: str, state: str) -> None:
    parent = start("everything", transport=transport)
    eventually(lambda: _catches(parent.process.pid, signal.SIGTERM), "it does not start")
    STATES[state](parent)
    time.sleep(0.3)
    begun = time.monotonic()
    parent.hang_up()
    assert parent.process.wait(20) == 69
    assert time.monotonic() - begun < 3  # one second, on a machine that has time


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Any) -> None:
    """The parent has no time to close anything, and the handlers are busy."""
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from parent import *\n"
        "p = Parent(PROGRAMS / 'everything.py'); p.initialize()\n"
        "[p.open('spins', 60.0) for _ in range(4)]; p.open('holds_loop', 60.0)\n"
        "p.ping(); print(p.process.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(SDK / "tests")], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    begun = time.monotonic()
    eventually(lambda: not _runs(pid), "the worker lives on")
    assert time.monotonic() - begun < 3


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_pings_are_answered_whatever_handlers_do(everything: Parent) -> None:
    for method in ("spins", "spins", "spins", "blocks", "holds_loop"):
        everything.open(method, 5.0)
    begun = time.monotonic()
    status = {}
    for _ in range(3):
        status = everything.ping()
    assert time.monotonic() - begun < 4
    assert status["in_flight"] == 5
    eventually(lambda: everything.ping()["stuck_ms"] >= 400, "the loop is not seen to be stuck")


def test_a_quick_method_that_is_slow_for_once_holds_nobody_up(everything: Parent) -> None:
    for _ in range(20):
        everything.call("blocks", 0.0)  # it has been quick, and runs where the link is read
    slow = everything.open("blocks", 1.5)
    begun = time.monotonic()
    assert everything.ping()["in_flight"] == 1
    assert everything.call("echo", 1) == 1
    assert time.monotonic() - begun < 1.2
    everything.send(CANCEL, slow, "")
    assert everything.values(slow)[0]["code"] == "canceled"
    assert everything.call("echo", 2) == 2


def test_no_threads_leak(everything: Parent) -> None:
    for _ in range(3):
        opened = {everything.open("blocks", 0.05) for _ in range(8)}
        while opened:
            opened.remove(everything.expect(OUTPUT)[1])
    for _ in range(30):
        everything.call("echo", 1)
        everything.call("blocks", 0.01)
    names = everything.call("threads")
    # Those that run handlers, the one that reads, and the one that stands by.
    assert len([n for n in names if n[len("kinwire-") :].isdigit()]) <= 8 + 2, names


def test_an_idle_worker_uses_no_cpu(everything: Parent) -> None:
    for _ in range(100):
        everything.call("echo", 1)
    time.sleep(0.5)
    before = everything.call("usage")
    time.sleep(2)
    assert everything.call("usage") - before <= 0.03


def test_a_dump_of_all_threads_on_sigabrt(everything: Parent) -> None:
    everything.open("blocks", 60.0)
    everything.open("holds_gil", 60)
    time.sleep(0.5)
    everything.process.send_signal(signal.SIGABRT)
    code, said = everything.end()
    assert code == -signal.SIGABRT
    assert "in blocks" in said
    assert "in holds_gil" in said


def test_a_fork_is_no_worker(everything: Parent) -> None:
    assert everything.call("fork") == 0
    assert everything.call("echo", 1) == 1
    assert not everything.logs


def test_a_flood_of_pings_that_nobody_reads(everything: Parent) -> None:
    """The worker keeps reading; what it would answer has a bound."""
    begun = time.monotonic()
    pings = b"\0\0\0\3\x92\3\7" * 10_000
    try:
        while time.monotonic() - begun < 60:
            everything.write(pings)
    except (BrokenPipeError, ConnectionResetError):
        pass
    code, said = everything.end()
    assert code == 69
    assert "does not read" in said


def test_grease_and_unknown_things(everything: Parent) -> None:
    for kind in (0, 13, 112, 127, -1, 2**63):
        everything.send(kind, {"a": 1}, [None])
    everything.send(PING, 8, "more", {})
    assert everything.expect(PONG)[1] == 8
    everything.send(INPUT, 77, 0, None, None, 1)
    everything.send(OUTPUT, 78, END, None, 1)
    everything.send(CANCEL, 79, "x")
    opened = everything.open("echo", 1, flags=END | 64)
    assert everything.values(opened) == [1]


def test_an_error_of_the_last_frames_is_no_good_end(everything: Parent) -> None:
    """A host that does not read what was answered gets no exit code of 0."""
    everything.open("duplex", b"x" * 8_000_000)
    time.sleep(0.5)
    everything.send(SHUTDOWN, 100, "")
    assert everything.process.wait(20) == 69
    assert ERROR  # nothing of it could be told

"""What is done by mistake does neither hang, nor end in a traceback of the SDK."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from kinwire._writer import Writer
from parent import CANCEL, EMPTY, END, INPUT, OUTPUT, SDK, Parent


@pytest.fixture
def careless(start: Any) -> Parent:
    parent: Parent = start("careless")
    parent.initialize()
    return parent


@pytest.mark.parametrize(
    ("how", "code", "message"),
    [
        ("untold", "failed", "Untold, whose text can't be told: ValueError"),
        ("number", "failed", "5"),
        ("message", "failed", "Error, whose text can't be told: ValueError"),
        (
            "nameless",
            "failed",
            "the method 'fails' returned a value that can't be encoded, nor told: ValueError",
        ),
    ],
)
def test_errors_that_are_broken(careless: Parent, how: str, code: str, message: str) -> None:
    for _ in range(3):  # also where the link is read
        assert careless.call("fails", how) == {"code": code, "message": message}
        assert careless.call("echo", 1) == 1


def test_a_traceback_is_of_the_author_alone(careless: Parent) -> None:
    careless.call("fails", "untold")
    careless.ping()
    (log,) = careless.logs
    assert "in fails" in log[4]["exception"]
    assert "kinwire/_" not in log[4]["exception"]


def test_a_hook_that_fails(careless: Parent) -> None:
    code, _ = careless.shutdown()
    assert code == 0
    (log,) = careless.logs
    assert log[3] == "the function of @worker.on_shutdown failed"
    assert "in fails_at_the_end" in log[4]["exception"]
    assert "kinwire/_" not in log[4]["exception"]


def test_what_is_logged_is_not_printed_too(careless: Parent) -> None:
    assert careless.call("logs") is None
    assert [log[3] for log in careless.logs] == ["one line"]
    _, said = careless.shutdown()
    assert "one line" not in said


def test_an_await_that_was_forgotten(careless: Parent) -> None:
    told = careless.call("forgets_to_await")
    text = "the method 'forgets_to_await' returned an awaitable: await it first"
    assert told == {"code": "failed", "message": text}


@pytest.mark.parametrize("method", ["lists", "lists_async"])
def test_a_generator_that_is_decorated_to_be_none(careless: Parent, method: str) -> None:
    assert careless.values(careless.open(method, 3)) == [[0, 1, 2]]
    assert careless.values(careless.open(method, "x"))[0]["code"] == "bad_input"


@pytest.mark.parametrize("how", ["open", "stream"])
def test_a_value_after_the_last_one(careless: Parent, how: str) -> None:
    opened = careless.open("sends_too_much", how)
    asked = careless.expect(INPUT)
    if how == "open":
        last = careless.expect(INPUT)
        assert last[:3] == [INPUT, asked[1], END | EMPTY]
    careless.expect(CANCEL)  # and nothing between
    told = careless.output(opened)[4]
    assert told["message"] == "RuntimeError: a value for 'h' after the last one"


@pytest.mark.parametrize("method", ["forks", "forks_async"])
@pytest.mark.parametrize("how", ["returns", "exits"])
def test_a_fork_that_comes_back_ends(start: Any, transport: str, method: str, how: str) -> None:
    parent = start("careless", transport=transport)
    parent.initialize()
    assert parent.call(method, how) == 1
    assert parent.call("echo", 1) == 1
    parent.send(10, 1000, "")
    parent.expect(11)
    parent.expect(12)
    out, err = parent.process.communicate(timeout=20)
    assert err.count(b"use os._exit there") == 1
    assert (out + err).count(b"the hook ran") == 1


@pytest.mark.parametrize("method", ["catches", "catches_async"])
def test_a_generator_that_takes_its_error(careless: Parent, method: str) -> None:
    (told,) = careless.values(careless.open(method))
    assert told["message"] == f"the method '{method}' yielded a value that can't be encoded: set"
    careless.ping()
    assert careless.logs == []


def test_a_process_of_multiprocessing(careless: Parent) -> None:
    assert careless.call("spawns")["message"].startswith("BrokenProcessPool")
    _, said = careless.shutdown()
    assert 'put it below `if __name__ == "__main__":`' in said


def test_no_more_threads(careless: Parent) -> None:
    """What nobody could serve any more ends, and says so."""
    assert careless.call("uses_up_threads") is None
    careless.open("blocks")
    careless.open("blocks")
    code, said = careless.end()
    assert code == 1
    assert said == "the worker can't go on: can't start new thread\n"


def test_a_call_that_never_got_its_place_leaves_it(start: Any) -> None:
    parent = start("careless")
    parent.initialize(concurrency=1)
    first = parent.open("gives_up_async", 0)
    asked = parent.expect(INPUT)[1]
    second = parent.open("gives_up_async", 3)  # waits for a place, and gives up
    third = parent.open("gives_up", 3)
    assert parent.values(third) == [None]
    parent.send(OUTPUT, asked, END, None, 1)
    answers = {}
    while len(answers) < 2:
        message = parent.receive()
        assert message is not None
        if message[0] == INPUT:  # also of one that was not given up in time
            parent.send(OUTPUT, message[1], END, None, message[3])
        elif message[0] == OUTPUT:
            answers[message[1]] = message[4]
    assert answers == {first: 1, second: "last"}


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("", 0, "the program has ended without worker.run(), which is to be called last"),
        ("import sys; sys.exit('no way')", 1, "no way"),
        (
            'def start(self): raise RuntimeError("can\'t start new thread")\n'
            "import threading\nthreading.Thread.start = start\n"
            "worker.method('')(print)\nworker.run()",
            1,
            "the worker can't start: can't start new thread",
        ),
        ("import nothing_like_it", 1, "ModuleNotFoundError: No module named 'nothing_like_it'"),
        (
            "import asyncio\nasync def main(): worker.run()\nasyncio.run(main())",
            1,
            "RuntimeError: worker.run() turns a loop of its own: call it in no coroutine",
        ),
        (
            "class Thing:\n    @worker.method\n    def named(self, value): ...",
            1,
            "TypeError: the method 'named' has a parameter self: use the method of an object, "
            "as in worker.method(thing.name), and not one of a class",
        ),
    ],
)
def test_programs_that_do_not_become_workers(
    tmp_path: Path, program: str, code: int, said: str
) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"import kinwire\nworker = kinwire.Worker()\n{program}\n")
    with Parent(path, python=sys.executable) as parent:
        ended, err = parent.end()
        assert ended == code
        lines = err.splitlines()
        assert said in (lines[-1], lines[0])
        assert ("worker.run(), which" in err) == (code == 0 or "exit" in program)


def test_msgpack_without_its_extension_is_told() -> None:
    env = dict(os.environ, MSGPACK_PUREPYTHON="1", PYTHONPATH=str(SDK / "src"))
    told = subprocess.run(
        [sys.executable, "-c", "import kinwire"], env=env, capture_output=True, text=True
    )
    last = told.stderr.splitlines()[-1]
    assert last.startswith("ImportError: kinwire needs the C extension of msgpack")


class SlowLink:
    """A link whose other end reads a little at a time."""

    source = 0
    room = 0

    def write(self, parts: Any) -> int:
        written = min(self.room, sum(map(len, parts)))
        self.room -= written
        return written


def test_answers_are_counted_while_they_wait_alone() -> None:
    """A host that reads, but never catches up, is not taken for one that does not read."""
    lost: list[str] = []
    link, lock = SlowLink(), threading.Lock()
    writer = Writer(link, lock, lost.append)  # type: ignore[arg-type]
    writer._wake_locked = lambda: None  # type: ignore[method-assign]
    with lock:
        writer.put_locked((b"x" * 1000,))
        for _ in range(100):
            writer.reply_locked(b"y" * 1_000_000)
            link.room = 1_000_000
            writer._write_queue_locked()
        assert writer._queue
        assert lost == []
        for _ in range(20):
            writer.reply_locked(b"y" * 1_000_000)
        assert lost == ["it does not read"]

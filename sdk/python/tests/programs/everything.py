"""A worker with methods of all kinds."""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import kinwire

worker = kinwire.Worker("everything", build="1.0", concurrency=8)
events: list[str] = []


@worker.method
def echo(value: Any) -> Any:
    return value


@worker.method
def seen() -> list[str]:
    return events


@worker.method
def optional(value: int = 5) -> int:
    return value


@worker.method
def greet(name: str) -> str:
    return f"Hello, {name}!"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 2


@worker.method
def mirror(point: Point) -> Point:
    return Point(point.y, point.x)


@worker.method
def raises(what: str) -> None:
    if what == "exit":
        sys.exit(3)
    if what == "coded":
        raise kinwire.Error("my.code", "text", {"a": 1})
    if what == "lie":
        raise kinwire.Error("overloaded", "not really")
    raise ValueError("bad thing")


@worker.method
def unserialisable() -> Any:
    return {"items": [1, {"a": object()}]}


@worker.method
def count(to: dict[str, Any]) -> Iterator[int]:
    try:
        for i in range(to["n"]):
            events.append(f"made {i}")
            yield i
    except kinwire.Cancelled as e:
        events.append(f"cancelled {e.code}")
        raise
    finally:
        events.append("closed")


@worker.method
async def acount(to: dict[str, Any]) -> AsyncIterator[bytes]:
    try:
        for _i in range(to["n"]):
            yield b"x" * 1000
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        events.append("async cancelled")
        raise
    finally:
        events.append("async closed")


@worker.method
def total(values: kinwire.Inputs[int]) -> int:
    return sum(values)


@worker.method
async def atotal(values: kinwire.Inputs[int]) -> int:
    return sum([v async for v in values])


@worker.method
async def duplex(values: kinwire.Inputs) -> AsyncIterator[Any]:  # type: ignore[type-arg]
    async for value in values:
        yield value


@worker.method
def blocks(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


@worker.method
def waits(seconds: float, ctx: kinwire.Context) -> str:
    events.append("begun")
    try:
        ctx.sleep(seconds)
    except kinwire.Cancelled as e:
        events.append(f"woken {e.code}")
        raise
    return "done"


@worker.method
async def awaits(seconds: float, ctx: kinwire.AsyncContext) -> str:
    events.append("begun")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        events.append(f"woken {ctx.cancelled}")
        raise
    return "done"


@worker.method
async def holds_loop(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


@worker.method
async def keeps_main_thread(rounds: int) -> str:
    """Stay in C code, which lets other threads run, but looks at no signal."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)
    return "done"


@worker.method
async def sets_wakeup_fd() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)


@worker.method
def spins(seconds: float) -> int:
    until, n = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        n += 1
    return n


@worker.method
def holds_gil(seconds: int) -> str:
    ctypes.PyDLL(None).sleep(ctypes.c_uint(seconds))
    return "done"


@worker.method
def call(what: dict[str, Any], ctx: kinwire.Context) -> Any:
    return ctx.call(what["method"], what.get("input"), timeout=what.get("timeout"))


@worker.method
async def acall(what: dict[str, Any], ctx: kinwire.AsyncContext) -> Any:
    return await ctx.call(what["method"], what.get("input"), timeout=what.get("timeout"))


@worker.method
def collect(method: str, ctx: kinwire.Context) -> list[Any]:
    with ctx.open(method) as stream:
        for i in range(3):
            stream.send(i)
        stream.close_send()
        return list(stream)


@worker.method
async def acollect(method: str, ctx: kinwire.AsyncContext) -> list[Any]:
    async with await ctx.stream(method, "go") as stream:
        return [v async for v in stream]


@worker.method
def facts(ctx: kinwire.Context) -> dict[str, Any]:
    return {"method": ctx.method, "meta": ctx.meta, "remaining": ctx.remaining()}


class Odd:
    def __repr__(self) -> str:
        logging.getLogger("odd").warning("a repr that logs")
        return "<odd>"


@worker.method
def log(text: str) -> None:
    logging.getLogger("my.logger").warning(text, extra={"n": 1, "odd": Odd()})
    try:
        raise KeyError("k")
    except KeyError:
        logging.exception("with a traceback")
    logging.info("formatted %d", 7)
    logging.debug("too low")


@worker.method
def flood(n: int) -> None:
    for i in range(n):
        logging.info("line %d %s", i, "x" * 1000)


@worker.method
def prints() -> None:
    print("printed")
    os.write(1, b"written\n")
    ctypes.CDLL(None).puts(b"put")
    ctypes.CDLL(None).fflush(None)
    subprocess.run(["echo", "echoed"], check=True)


@worker.method
def environment() -> dict[str, Any]:
    code = (
        "import os,signal;print(os.environ.get('KINWIRE_TRANSPORT'),"
        "signal.getsignal(signal.SIGINT)==signal.SIG_IGN,len(os.listdir('/proc/self/fd')))"
    )
    out = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, check=True)
    return {"child": out.stdout.decode().split(), "self": os.environ.get("KINWIRE_TRANSPORT")}


@worker.method
def fork() -> int:
    pid = os.fork()
    if pid == 0:
        logging.warning("from a fork")
        os._exit(0 if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL else 1)
    return os.waitpid(pid, 0)[1]


@worker.method
def threads() -> list[str]:
    return sorted(t.name for t in threading.enumerate())


@worker.method
def usage() -> float:
    return sum(os.times()[:2])


@worker.init
def load(config: Any) -> None:
    if config == "fail":
        raise RuntimeError("no model")
    if config == "coded":
        raise kinwire.Error("my.code", "no licence")
    if config == "slow":
        time.sleep(60)
    events.append(f"config {config!r}")


@worker.on_shutdown
def bye(reason: str) -> None:
    logging.info("bye: %s", reason)


@worker.on_shutdown
async def first(reason: str) -> None:
    logging.info("first: %s", reason)


if __name__ == "__main__":
    worker.run()

"""A worker that does what its author did not mean to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NoReturn

import kinwire

logging.basicConfig(level=logging.INFO)  # prints what is logged
worker = kinwire.Worker("careless")


class Untold(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class Nameless:
    def __repr__(self) -> str:
        raise ValueError("no repr")


@worker.method
def echo(value: Any) -> Any:
    return value


@worker.method
def fails(how: str) -> Any:
    if how == "untold":
        raise Untold
    if how == "number":
        raise kinwire.Error(5)  # type: ignore[arg-type]
    if how == "message":
        raise kinwire.Error("my.code", Untold())  # type: ignore[arg-type]
    return {Nameless(): 1}


@worker.method
def forks(how: str) -> int:
    """Forget that the copy of the process is at the same place."""
    pid = os.fork()
    if pid == 0 and how == "exits":
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else 0


@worker.method
async def forks_async(how: str) -> int:
    return forks(how)


@worker.method
def catches() -> Iterator[Any]:
    try:
        yield {1}
    except kinwire.Error:
        return


@worker.method
async def catches_async() -> AsyncIterator[Any]:
    try:
        yield {1}
    except kinwire.Error:
        return


@worker.method
def spawns() -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(abs, -1).result()


@worker.method
def uses_up_threads() -> None:
    def start(thread: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    threading.Thread.start = start  # type: ignore[method-assign]


@worker.method
def logs() -> None:
    logging.info("one line")


@worker.method
def logs_destructors(threshold: int) -> None:
    """Log from now on whatever the garbage collector does, wherever that is."""
    gc.callbacks.append(lambda phase, info: logging.info("collected"))
    gc.set_threshold(threshold)


@worker.method
async def forgets_to_await() -> Any:
    return asyncio.sleep(1)


def all_at_once(function: Any) -> Any:
    """Make a list of what a generator yields; what is decorated still looks like one."""

    @functools.wraps(function)
    def decorated(*args: Any) -> Any:
        return list(function(*args))

    return decorated


def all_at_once_async(function: Any) -> Any:
    @functools.wraps(function)
    async def decorated(*args: Any) -> Any:
        return [value async for value in function(*args)]

    return decorated


@worker.method
@all_at_once
def lists(n: int) -> Iterator[int]:
    yield from range(n)


@worker.method
@all_at_once_async
async def lists_async(n: int) -> AsyncIterator[int]:
    for i in range(n):
        yield i


@worker.method
def sends_too_much(how: str, ctx: kinwire.Context) -> None:
    with ctx.open("h") if how == "open" else ctx.stream("h", 1) as stream:
        stream.close_send()
        stream.close_send()
        stream.send(2)


@worker.method
def blocks() -> None:
    time.sleep(60)


@worker.method
def gives_up(n: int, ctx: kinwire.Context) -> None:
    for _ in range(n):
        with contextlib.suppress(kinwire.Error):
            ctx.open("slow", timeout=0.05)


@worker.method
async def gives_up_async(n: int, ctx: kinwire.AsyncContext) -> Any:
    for _ in range(n):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(ctx.open("slow"), 0.05)
    return await ctx.call("last")


@worker.on_shutdown
def bye() -> None:
    print("the hook ran")


@worker.on_shutdown
def fails_at_the_end() -> None:
    raise Untold


worker.run()

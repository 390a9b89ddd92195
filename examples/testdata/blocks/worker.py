"""Handlers that keep the interpreter for themselves."""

import ctypes
import time

import kinwire

worker = kinwire.Worker("blocks")


@worker.method
def echo(value):
    return value


@worker.method
def spin(ms: int) -> bool:
    """Run without a pause, as one of many threads."""
    end = time.monotonic() + ms / 1000
    while time.monotonic() < end:
        pass
    return True


@worker.method
async def block(ms: int) -> bool:
    """Keep the event loop from turning."""
    time.sleep(ms / 1000)
    return True


@worker.method
def hold(ms: int) -> bool:
    """Keep every other thread of Python from running."""
    ctypes.PyDLL(None).usleep(ms * 1000)
    return True


worker.run()

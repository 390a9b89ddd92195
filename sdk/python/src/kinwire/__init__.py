"""Write a worker: a program that a kinwire host starts, supervises and calls.

    import kinwire

    worker = kinwire.Worker("hello")

    @worker.method
    def greet(name: str) -> str:
        return f"Hello, {name}!"

    worker.run()

Importing this package in a process that a host has started takes the link to that host, so
that from then on no print can break it.
"""

from . import _start
from ._asked import NOTHING
from ._context import AsyncContext, Context
from ._errors import Cancelled, Error
from ._host_stream import AsyncHostStream, HostStream
from ._inputs import Inputs
from ._version import __version__
from ._worker import Worker

__all__ = [
    "NOTHING",
    "AsyncContext",
    "AsyncHostStream",
    "Cancelled",
    "Context",
    "Error",
    "HostStream",
    "Inputs",
    "Worker",
    "__version__",
]

_start.claim()

"""Exchanges of many values with the host, as handlers see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any

from . import _messages as m
from ._asked import NOTHING, Asked
from ._waiting import NO_MORE


class HostStream:
    """An exchange with the host: iterate over the values of its answer.

    One thread may send while another iterates. Leaving its ``with`` statement gives up what is
    left of it. :class:`Error` is how the host has ended it.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def send(self, value: Any) -> None:
        """Send one more value, as soon as the host is ready to take it.

        Once the host has ended the exchange this does nothing. After :meth:`close_send`, and
        after the one value of ``stream``, it is a :class:`RuntimeError`.
        """
        self._asked.wait(self._asked.sender(0, value))

    def close_send(self) -> None:
        """Say that no more values will be sent."""
        self._asked.wait(self._asked.sender(m.END, NOTHING))

    def close(self) -> None:
        """Give up what is left of the exchange."""
        self._asked.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        value = self._asked.wait(self._asked.look_for_output)
        if value is NO_MORE:
            raise StopIteration
        return value

    def __enter__(self) -> HostStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncHostStream:
    """An exchange with the host: iterate over the values of its answer with ``async for``.

    One task may send while another iterates. Leaving its ``async with`` statement gives up what
    is left of it. :class:`Error` is how the host has ended it.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    async def send(self, value: Any) -> None:
        """Send one more value, as soon as the host is ready to take it.

        Once the host has ended the exchange this does nothing. After :meth:`close_send`, and
        after the one value of ``stream``, it is a :class:`RuntimeError`.
        """
        await self._asked.wait_async(self._asked.sender(0, value))

    async def close_send(self) -> None:
        """Say that no more values will be sent."""
        await self._asked.wait_async(self._asked.sender(m.END, NOTHING))

    def close(self) -> None:
        """Give up what is left of the exchange."""
        self._asked.close()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        value = await self._asked.wait_async(self._asked.look_for_output)
        if value is NO_MORE:
            raise StopAsyncIteration
        return value

    async def __aenter__(self) -> AsyncHostStream:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

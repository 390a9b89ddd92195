"""The values that a caller sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._waiting import NO_MORE

if TYPE_CHECKING:
    from ._served import Served
    from ._types import Converter

T = TypeVar("T")


class Inputs(Generic[T]):
    """The values that a caller sends, as they come.

    A handler whose parameter is annotated with it iterates: with ``for`` if it is synchronous,
    with ``async for`` if not. ``Inputs[int]`` holds each value against the type. The caller may
    send no more than a window ahead of what was taken. Iteration raises :class:`Error` if the
    caller ends with one, and :class:`Cancelled` (or :class:`asyncio.CancelledError`) if he gives
    up. It is for one task or thread at a time.
    """

    def __init__(self, served: Served, convert: Converter | None) -> None:
        self._served = served
        self._convert = convert
        self._number = 0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        value = self._served.wait(self._served.look_for_input)
        if value is NO_MORE:
            raise StopIteration
        return self._converted(value)

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        value = await self._served.wait_async(self._served.look_for_input)
        if value is NO_MORE:
            raise StopAsyncIteration
        return self._converted(value)

    def _converted(self, value: Any) -> T:
        self._number += 1
        if self._convert is not None:
            value = self._convert(value, f"value {self._number}")
        typed: T = value
        return typed

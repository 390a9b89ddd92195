"""Workers for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parent import EXAMPLE, PROGRAMS, Parent

Start = Callable[..., Parent]


@pytest.fixture(params=["fd", "stdio"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of this folder, which ends with the test."""
    parents: list[Parent] = []

    def start(program: str, *args: str, transport: str = "fd") -> Parent:
        path = EXAMPLE if program == "example" else PROGRAMS / f"{program}.py"
        parents.append(Parent(Path(path), *args, transport=transport))
        return parents[-1]

    yield start
    for parent in parents:
        parent.__exit__(None, None, None)


@pytest.fixture
def everything(start: Start) -> Parent:
    """A worker that has all kinds of methods, and is initialised."""
    parent = start("everything")
    parent.initialize()
    return parent

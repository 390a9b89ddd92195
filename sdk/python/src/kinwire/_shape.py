"""How a function of the author is called."""

from __future__ import annotations

import enum


class Takes(enum.Enum):
    """What a function is given besides its context."""

    NOTHING = enum.auto()
    VALUE = enum.auto()
    INPUTS = enum.auto()


class Gives(enum.Enum):
    """How a function gives its answer."""

    VALUE = enum.auto()
    STREAM = enum.auto()

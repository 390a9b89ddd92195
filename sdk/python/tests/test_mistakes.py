"""What a newcomer does wrong is told in a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Optional, TypedDict, Union

import pytest

import kinwire
from kinwire import Error
from kinwire._types import converter


def test_two_methods_of_one_name() -> None:
    worker = kinwire.Worker()
    worker.method("a")(lambda value: value)
    with pytest.raises(ValueError, match="two methods of the name 'a'"):
        worker.method("a")(lambda value: value)


def test_the_name_of_a_method() -> None:
    worker = kinwire.Worker()

    @worker.method()
    def named(value: Any) -> Any:
        return value

    assert list(worker._about.methods) == ["named"]
    with pytest.raises(TypeError, match="has no name"):
        worker.method(lambda value: value)
    with pytest.raises(ValueError, match="reserved"):
        worker.method("kinwire.x")(named)
    with pytest.raises(TypeError, match="takes a function or a name, and not 5"):
        worker.method(5)  # type: ignore[call-overload]


def test_parameters() -> None:
    worker = kinwire.Worker()

    def adds(a: int, b: int) -> int:
        return a + b

    async def wrong(value: int, ctx: kinwire.Context) -> None: ...

    def vague(value: int, ctx: Any) -> None: ...

    with pytest.raises(TypeError, match="what is the parameter 'b'"):
        worker.method(adds)
    with pytest.raises(TypeError, match=r"asynchronous is a kinwire\.AsyncContext"):
        worker.method(wrong)
    assert worker.method(vague) is vague
    assert worker._about.methods["vague"].wants_context
    with pytest.raises(ValueError, match="concurrency is 0"):
        kinwire.Worker(concurrency=0)


def test_functions_for_the_start_and_the_end() -> None:
    worker = kinwire.Worker()

    def yields(config: Any) -> Any:
        yield config

    async def yields_too(reason: str) -> Any:
        yield reason

    def adds(a: int, b: int) -> int:
        return a + b

    def takes_context(config: Any, ctx: Any) -> None: ...

    def takes_many(values: kinwire.Inputs[int]) -> None: ...

    with pytest.raises(TypeError, match=r"@worker.init must not yield"):
        worker.init(yields)
    with pytest.raises(TypeError, match=r"@worker.on_shutdown must not yield"):
        worker.on_shutdown(yields_too)
    with pytest.raises(TypeError, match=r"parameter 'b'\? it takes the reason, or not"):
        worker.on_shutdown(adds)
    for wrong in takes_context, takes_many:
        with pytest.raises(TypeError, match=r"@worker.init: it takes the config, or nothing"):
            worker.init(wrong)


@dataclass
class Point:
    x: int
    y: int = 2


class Typed(TypedDict):
    name: str


@pytest.mark.parametrize(
    ("annotation", "value", "wanted"),
    [
        (int, 3.0, 3),
        (float, 3, 3.0),
        (Optional[int], None, None),
        (Union[int, str], "a", "a"),
        (list[int], [1, 2.0], [1, 2]),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (Literal["a", 1], "a", "a"),
        (Point, {"x": 1, "more": 2}, Point(1, 2)),
        (list[Point], [{"x": 1}], [Point(1)]),
        (Typed, {"name": "n"}, {"name": "n"}),
    ],
)
def test_what_fits(annotation: Any, value: Any, wanted: Any) -> None:
    convert = converter(annotation)
    assert convert is not None
    assert convert(value, "v") == wanted


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (int, True, "v must be an int, and is a bool"),
        (int, 1.5, "v must be an int, and is a float"),
        (bytes, "s", "v must be bytes, and is a str"),
        (list[int], [1, "a"], "v[1] must be an int, and is a str"),
        (Union[int, str], [], "v must be an int, and is a list; or v must be a str, and is a list"),
        (Literal["a"], "b", "v must be one of 'a', and is 'b'"),
        (Point, {}, "v lacks the key 'x'"),
        (Typed, {"name": 1}, "v['name'] must be a str, and is an int"),
    ],
)
def test_what_does_not(annotation: Any, value: Any, said: str) -> None:
    convert = converter(annotation)
    assert convert is not None
    with pytest.raises(Error) as e:
        convert(value, "v")
    assert (e.value.code, e.value.message) == ("bad_input", said)


@dataclass
class Tree:
    name: str
    mother: Optional[Tree] = None  # noqa: UP045
    children: list[Tree] = field(default_factory=list)


def test_a_class_may_contain_itself() -> None:
    convert = converter(Tree)
    assert convert is not None
    value = {"name": "a", "mother": {"name": "b"}, "children": [{"name": "c"}]}
    assert convert(value, "v") == Tree("a", Tree("b"), [Tree("c")])
    with pytest.raises(Error, match=r"v\['children'\]\[0\]\['name'\] must be a str, and is an int"):
        convert({"name": "a", "children": [{"name": 1}]}, "v")


def test_a_decorator_that_hides_the_parameters() -> None:
    def decorated(*args: Any, **more: Any) -> Any:
        return (args, more)

    worker = kinwire.Worker()
    worker.method(decorated)
    method = worker._about.methods["decorated"]
    assert (method.takes.name, method.optional) == ("VALUE", True)
    assert method.invoke((5,), None) == ((5,), {})


def test_other_annotations_are_notes() -> None:
    assert converter(Any) is None
    assert converter(Exception) is None

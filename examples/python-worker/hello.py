from collections.abc import Iterator

import kinwire

worker = kinwire.Worker("hello", build="1.0")


@worker.method
def greet(name: str) -> str:
    return f"Hello, {name}!"


@worker.method
def count(to: int) -> Iterator[int]:
    yield from range(to)


worker.run()

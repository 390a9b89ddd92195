"""Echoes one value at a time: what bench measures the Python SDK with."""

import kinwire

worker = kinwire.Worker("kinwire-python")


@worker.method
def echo(value):
    return value


worker.run()

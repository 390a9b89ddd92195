"""Measures echoes through multiprocessing.Pipe, from one Python process to another and back.

The arguments are the way ("objects": send and recv; "bytes": send_bytes and recv_bytes), the
bytes of a payload, and the nanoseconds to warm up and to measure. It prints what report says.
"""

import json
import multiprocessing
import os
import sys
import time
from collections import Counter


def methods(conn, way):
    if way == "bytes":
        return conn.send_bytes, conn.recv_bytes
    return conn.send, conn.recv


def serve(conn, other, way):
    other.close()  # so that the parent's end is the only one, and its end is noticed
    send, recv = methods(conn, way)
    try:
        while True:
            send(recv())
    except (EOFError, OSError):
        pass


def echoes(conn, way, size, nanoseconds):
    """Calls for so long, and returns the latencies: of the call alone, without the check."""
    send, recv = methods(conn, way)
    rest = os.urandom(size - 8)
    latencies = []
    began = time.perf_counter_ns()
    while True:
        payload = len(latencies).to_bytes(8, "big") + rest
        called = time.perf_counter_ns()
        send(payload)
        echo = recv()
        ended = time.perf_counter_ns()
        if echo != payload:
            sys.exit("wrong echo")
        latencies.append(ended - called)
        if ended - began > nanoseconds:
            return latencies


def report(latencies, wall):
    """Latencies are counted by their first three digits."""
    digits = Counter(int(float(f"{n:.3g}")) for n in latencies)
    json.dump({"wall_ns": wall, "latencies": digits}, sys.stdout)


def main():
    way, size, warm_up, duration = sys.argv[1], *map(int, sys.argv[2:])
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe()
    child = context.Process(target=serve, args=(its, mine, way), daemon=True)
    child.start()
    its.close()
    echoes(mine, way, size, warm_up)
    latencies = echoes(mine, way, size, duration)
    mine.close()
    child.join()
    # What making and checking a payload takes is not the pipe's.
    report(latencies, sum(latencies))


if __name__ == "__main__":
    main()

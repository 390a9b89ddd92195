"""The start of a worker: the host's Initialize, and the answer to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import _messages as m
from ._check import Undecodable
from ._errors import Error, answer, error_map
from ._frames import frame_of
from ._version import __version__

if TYPE_CHECKING:
    from ._session import Session

SDK = f"kinwire-python/{__version__}"

_MOST_TOLD = 64 << 10  # of an error


def initialize(session: Session, hello: m.Initialize) -> bool:
    """Answer Initialize, and report whether there is a worker now. The main thread does this."""
    session.their_max_frame = hello.max_frame
    session.their_window = hello.window
    session.their_concurrency = hello.concurrency
    features = [f for f in m.FEATURES if f in hello.features]
    session.logs.install(hello, "log" in features)
    if m.VERSION not in hello.versions:
        text = f"the host speaks version {hello.versions} of the protocol, this worker {m.VERSION}"
        return session.ending.refuse(Error("unsupported_version", text))
    try:
        _call_init(session, hello.config)
    except BaseException as e:
        return session.ending.refuse(answer(e), e)
    about = session.about
    told = {
        **_about(session),
        "build": about.build,
        "methods": list(about.methods),
        "concurrency": about.concurrency,
        "max_frame": about.max_frame,
        "window": about.window,
        "features": features,
    }
    with session.lock:
        session.with_credit = "credit" in features
        session.with_cancel = "cancel" in features
        session.with_host_call = "host-call" in features
        session.established = True
        session.writer.put_locked((frame_of(m.INITIALIZED, told),))
    return True


def refusal(session: Session, error: Error) -> bytes:
    """Return the Initialized that tells why there is no worker."""
    most = min(_MOST_TOLD, session.their_max_frame // 2) // 4
    about = _about(session)
    about["name"] = about["name"][:most]
    told = Error(error.code, error.message[:most], error.data)
    try:
        whole = frame_of(m.INITIALIZED, {**about, "error": error_map(told)})
        if len(whole) <= session.their_max_frame:
            return whole
    except Exception:  # data that can't be encoded
        pass
    told.data = None
    return frame_of(m.INITIALIZED, {**about, "error": error_map(told)})


def _about(session: Session) -> dict[str, Any]:
    return {"version": m.VERSION, "name": session.about.name, "sdk": SDK, "pid": os.getpid()}


def _call_init(session: Session, config: Any) -> None:
    init = session.about.init
    if init is None:
        return
    if isinstance(config, Undecodable):
        raise Error("bad_input", f"the config can't be decoded: {config.reason}")
    result = init.call(config)
    if session.loop is not None and init.is_async:
        session.loop.initialize(result)

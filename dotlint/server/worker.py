"""The process that lints: jobs come in on standard input, messages go out on standard output, until the input ends."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from dotlint.server.messages import Job, Message

HEADER = 8
"""Every message is preceded by its length, in so many bytes, the greatest first; no bytes at all end a job."""


def serve() -> None:
    """Do one job after the other; whatever is printed meanwhile goes to standard error."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="dotlint: %(levelname)s: %(message)s")
    gc.set_threshold(100_000, 20, 20)
    from dotlint.server.analysis import do  # noqa: PLC0415 - what is above must come first

    gc.freeze()
    while (job := _received(jobs)) is not None:
        do(job, lambda message: _send(answers, message))
        _end(answers)
        del job
        gc.collect()


def framed(data: bytes) -> bytes:
    """Give bytes with their length before them."""
    return len(data).to_bytes(HEADER, "big") + data


def _received(stream: BinaryIO) -> Job | None:
    header = stream.read(HEADER)
    if len(header) < HEADER:
        return None
    job: Job = pickle.loads(stream.read(int.from_bytes(header, "big")))  # noqa: S301 - from the server alone
    return job


def _send(stream: BinaryIO, message: Message) -> None:
    stream.write(framed(pickle.dumps(message, protocol=5)))
    stream.flush()


def _end(stream: BinaryIO) -> None:
    stream.write(framed(b""))
    stream.flush()

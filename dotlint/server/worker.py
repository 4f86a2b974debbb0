"""A worker process: it reads jobs from standard input and writes messages to standard output, until the input ends."""

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
"""The size of the big-endian length before each message; length 0 marks the end of a job."""


def serve() -> None:
    """Run jobs one after the other; other output to standard output is redirected to standard error."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server ends its workers
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="dotlint: %(levelname)s: %(message)s")
    gc.set_threshold(100_000, 20, 20)
    from dotlint.server.analysis import do, warm_up  # noqa: PLC0415 - after the redirection above

    warm_up()
    gc.freeze()
    while (job := _next_job(jobs)) is not None:
        do(job, lambda message: _send(answers, message))
        _send_end(answers)
        del job
        gc.collect()


def framed(data: bytes) -> bytes:
    """Return the data with its length before it."""
    return len(data).to_bytes(HEADER, "big") + data


def _next_job(stream: BinaryIO) -> Job | None:
    header = stream.read(HEADER)
    if len(header) < HEADER:
        return None
    job: Job = pickle.loads(stream.read(int.from_bytes(header, "big")))  # noqa: S301 - only from the server
    return job


def _send(stream: BinaryIO, message: Message) -> None:
    stream.write(framed(pickle.dumps(message, protocol=5)))
    stream.flush()


def _send_end(stream: BinaryIO) -> None:
    stream.write(framed(b""))
    stream.flush()

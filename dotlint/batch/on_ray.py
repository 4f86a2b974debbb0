"""Run the parts of a job on a Ray cluster, with Ray Data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dotlint.batch.job import Job, run_part
from dotlint.batch.parts import Part
from dotlint.batch.tally import Tally
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence


def run_on_ray(job: Job, parts: Sequence[Part], address: str | None = None) -> Generator[tuple[Part, Tally]]:
    """Yield each part when it is finished, in any order. Ray does the parts of a lost worker again.

    `address` is that of a cluster (`auto`, `ray://...`); by default, a cluster is started on this machine. dotlint and
    the paths of the job must be available on each worker. Raises `DotlintError` if Ray is missing or not reachable.
    """
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.data  # noqa: PLC0415
    except ModuleNotFoundError:
        raise DotlintError("Ray is missing; install it with `pip install 'dotlint[ray]'`") from None
    own = not ray.is_initialized()
    try:
        if own:
            ray.init(address=address, log_to_driver=False, logging_level="error")
        yield from _streamed(ray, job, parts)
    except (ConnectionError, ray.exceptions.RayError) as error:
        raise DotlintError(f"Ray: {str(error).splitlines()[-1]}") from error
    finally:
        if own and ray.is_initialized():
            ray.shutdown()


def _streamed(ray: Any, job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:  # noqa: ANN401 - a module
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    described = msgspec.json.encode(job)
    items = [{"part": msgspec.json.encode(part)} for part in parts]
    done = ray.data.from_items(items, override_num_blocks=len(items)).map(_RunPart(described))
    for row in done.iter_rows():
        yield msgspec.json.decode(row["part"], type=Part), msgspec.json.decode(row["tally"], type=Tally)


class _RunPart:
    """The function that a worker applies to each part; it holds the job as JSON."""

    def __init__(self, job: bytes) -> None:
        self._job = job

    def __call__(self, item: dict[str, bytes]) -> dict[str, bytes]:
        job = msgspec.json.decode(self._job, type=Job)
        tally = run_part(job, msgspec.json.decode(item["part"], type=Part))
        return {"part": item["part"], "tally": msgspec.json.encode(tally)}

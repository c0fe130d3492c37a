"""The steps of a study as tasks of Dask distributed, on processes of this machine or a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cases import InputError
from cases.run import code_version
from counterflow.studies.plan import Step
from counterflow.studies.work import Outcome, do

__all__ = ["Cluster", "execute"]

_ANSWER_SECONDS = 15
_CONFIG = {
    "distributed.worker.daemon": False,
    "distributed.admin.large-graph-warning-threshold": "1GB",
}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Cluster:
    """Where tasks run: a scheduler by its address, or workers of this machine.

    Parameters
    ----------
    workers
        Workers of this machine, each with one task at a time.
    scheduler
        Address of a scheduler that is there already; the workers are its own.
    processes
        Workers as processes. False: as threads of this process, with the same scheduler.
    memory_gb
        Memory of a local worker; one that passes it is ended, and its step fails.
    """

    def __init__(
        self, workers: int, scheduler: str | None, *, processes: bool, memory_gb: float
    ) -> None:
        self.workers, self.scheduler = workers, scheduler
        self.processes, self.memory_gb = processes, memory_gb

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """Start what is needed and connect to it.

        Raises
        ------
        InputError
            The scheduler does not answer, has no worker, or workers of another version.
        """
        import dask
        from distributed import Client, LocalCluster

        with dask.config.set(_CONFIG), contextlib.ExitStack() as open_:
            if self.scheduler is None:
                limit = f"{self.memory_gb}GB" if self.processes else None
                threads = {"env": dict.fromkeys(_THREADS, "1")} if self.processes else {}
                cluster = open_.enter_context(
                    LocalCluster(
                        n_workers=self.workers,
                        threads_per_worker=1,
                        processes=self.processes,
                        memory_limit=limit,
                        dashboard_address="127.0.0.1:0",
                        silence_logs="ERROR",
                        **threads,
                    )
                )
                yield open_.enter_context(Client(cluster))
                return
            try:
                client = Client(self.scheduler, timeout=_ANSWER_SECONDS)
            except (OSError, ValueError, ImportError) as error:
                message = f"the scheduler {self.scheduler} does not answer: {error}"
                raise InputError.one("", None, None, "scheduler", message) from None
            open_.enter_context(client)
            try:
                versions = client.run(code_version)
            except Exception as error:
                message = f"the workers of {self.scheduler} have no Counterflow: {error}"
                raise InputError.one("", None, None, "scheduler", message) from None
            if not versions:
                message = f"the scheduler {self.scheduler} has no worker"
                raise InputError.one("", None, None, "scheduler", message)
            others = sorted(set(versions.values()) - {code_version()})
            if others:
                message = f"workers have version {', '.join(others)}, this is {code_version()}"
                raise InputError.one("", None, None, "version", message)
            yield client


def _has_dashboard() -> bool:
    """Whether Dask's live page can be made here: it needs bokeh."""
    from importlib.util import find_spec

    return find_spec("bokeh") is not None


def execute(
    root: str,
    steps: Mapping[str, Step],
    to_do: list[Step],
    done: Mapping[str, Outcome],
    sources: Mapping[str, str],
    cluster: Cluster,
    tell: Callable[[Outcome], None],
    link: Callable[[str], None],
    *,
    strict: bool = False,
) -> None:
    """Do steps in the order of their dependencies; `tell` gets each outcome as it comes.

    Parameters
    ----------
    root
        Folder of the study.
    steps, to_do
        All steps, and those that run, each after those that it needs.
    done
        Outcomes of steps that do not run again, by id: finished, or failed before.
    sources
        Folder whose content a step takes over, by id.
    cluster, tell, link
        Where they run; what hears each outcome; what hears the address of the live page.
    strict
        A step that warns fails.
    """
    from distributed import as_completed

    with cluster.client() as client:
        if client.dashboard_link and (cluster.scheduler is not None or _has_dashboard()):
            link(client.dashboard_link)
        futures: dict[str, Any] = {}
        for step in to_do:
            before = [futures[i] if i in futures else done[i] for i in step.needs]
            history = tuple(steps[i] for i in step.history) if not step.same_as else ()
            futures[step.id] = client.submit(
                do,
                root,
                step,
                history,
                sources.get(step.id, ""),
                *before,
                strict=strict,
                key=step.id,
                pure=False,
                retries=0,
            )
        names = {future.key: name for name, future in futures.items()}
        for future in as_completed(futures.values(), raise_errors=False):
            name = names[future.key]
            if future.status == "finished":
                tell(future.result())
                continue
            try:
                error: BaseException | None = future.exception()
            except Exception as lost:
                error = lost
            blocked = [i for i in steps[name].needs if i in futures]
            if any(futures[i].status in ("error", "cancelled") for i in blocked):
                tell(Outcome(name, "blocked", error="needs a step whose worker was lost"))
            else:
                tell(Outcome(name, "failed", error=f"its worker was lost: {error}"))

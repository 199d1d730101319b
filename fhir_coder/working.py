"""Composition of what does jobs: the work over an engine, threads of the serving process where no broker is used, and the sweeper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from fhir_coder.api.blueprint import Later
from fhir_coder.api.guards import Guards
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.operation import answer_of
from fhir_coder.api.render_risk import Assessor
from fhir_coder.bulk.worked_off import EngineOver, OfRun
from fhir_coder.engine import Engine
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.jobs.asked import Asked
from fhir_coder.jobs.job import JobLimits
from fhir_coder.jobs.sweeping import Broker, Sweeper
from fhir_coder.jobs.threads import SWEEPS_S, JobThreads
from fhir_coder.jobs.work import Work
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores


def job_limits(settings: Settings) -> JobLimits:
    """How many, how often and how long, by the settings."""
    return JobLimits(
        waiting=settings.jobs_waiting, at_once=settings.jobs_at_once, attempts=settings.job_attempts, kept_s=settings.answer_hours * 3600
    )


def open_work(
    engine: Engine,
    stores: Stores,
    risk: Assessor | None,
    metrics: Metrics,
    over: EngineOver,
    too_long: tuple[type[Exception], ...] = (),
) -> Work:
    """What does a job: as the operation does a call, in the name of whoever asked, or as a bulk run does an encounter, with the engine ``over`` its export.
    ``too_long`` are errors that end a try that takes too long."""

    def render(result: CodingResult, asked: Asked) -> Resource:
        return answer_of(result, asked.ignored, asked.request.include_text, risk)

    audit, counted = stores.audit, (metrics.count_result, metrics.count_job)
    of_run = partial(OfRun, engine_over=over)
    return Work(stores.job_claims, engine, render, audit.append, audit.record, *counted, too_long=too_long, of_run=of_run)


@dataclass(frozen=True, slots=True)
class Working:
    """The serving process's part in jobs: how calls are answered later, and the threads that do them."""

    later: Later
    threads: JobThreads


def open_working(settings: Settings, stores: Stores, work: Work, broker: Broker | None, guards: Guards) -> Working:
    """``broker`` is None where there is none: then the threads of this process do jobs, and sweep, and give way to callers
    who wait. Without a key there are no jobs, and no threads."""
    sweeper = Sweeper(stores.job_sweeping, broker, guards.metrics.count_job)
    if not stores.jobs.can_keep:
        threads = JobThreads(work.do_next, sweeper.sweep, 0)
    elif broker:
        threads = JobThreads(partial(_hand_out, sweeper), sweeper.sweep, 1, looks_s=SWEEPS_S)
    else:
        threads = JobThreads(work.do_next, sweeper.sweep, settings.job_threads, lambda: guards.room.is_at_work)
    guards.metrics.watch(partial(_backlog, stores))
    return Working(Later(stores.jobs, threads.wake), threads)


def _hand_out(sweeper: Sweeper) -> bool:
    """The broker is told by a thread, so that no caller waits for one that does not answer; there is nothing more to do then."""
    sweeper.hand_out()
    return False


def _backlog(stores: Stores) -> Iterable[tuple[str, int, int]]:
    return ((one.state.value, one.count, one.oldest_s) for one in stores.job_sweeping.backlog())

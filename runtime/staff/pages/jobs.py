"""Scheduled jobs: what each does, when it ran and runs next; run it now, pause and resume it."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.jobs import service
from runtime.jobs.models import DailyAt, Job
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.kit.words import say
from runtime.schedule import JOBS
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.wiring import Deployment

HERE = "/staff/jobs"
BY_NAME = {job.name: job for job in JOBS}
ACTS = {"run": service.ask_run, "pause": service.pause, "resume": service.resume}


@get(HERE, sync_to_thread=True, guards=[needs("jobs:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every job with its last and next run."""
    lang = language_of(request, principal)
    service.register(deployment.db, JOBS, clock=deployment.clock)
    with deployment.db.begin() as connection:
        states = {state.name: state for state in service.states(connection)}
    return page(
        request,
        principal,
        "jobs/list.html",
        section="jobs",
        lines=[(job, states[job.name], _schedule(job, lang)) for job in JOBS],
        now=deployment.clock(),
        may_run=principal.may("jobs:run"),
    )


def _schedule(job: Job, lang: str) -> str:
    """When a job is due, in words."""
    if isinstance(job.schedule, DailyAt):
        return say("jobs_daily", lang, at=job.schedule.at.strftime("%H:%M"))
    seconds = job.schedule.seconds
    if seconds < 60:
        return say("jobs_all_the_time", lang)
    return say("jobs_every", lang, minutes=f"{seconds / 60:g}")


@get(f"{HERE}/{{name:str}}", sync_to_thread=True, guards=[needs("jobs:read")])
def show_one(
    request: Http,
    name: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One job with its runs."""
    job = BY_NAME.get(name)
    if job is None:
        raise NotFound("job", "There is no such job.")
    service.register(deployment.db, JOBS, clock=deployment.clock)
    with deployment.db.begin() as connection:
        runs = service.runs(connection, name)
        state = next(one for one in service.states(connection) if one.name == name)
    return page(
        request,
        principal,
        "jobs/one.html",
        section="jobs",
        job=job,
        runs=runs,
        state=state,
        may_run=principal.may("jobs:run"),
        schedule=_schedule(job, language_of(request, principal)),
    )


@post(
    f"{HERE}/{{name:str}}",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("jobs:read", "jobs:run")],
)
def act(
    name: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[None]:
    """Have a job run now, pause it, or let it run again."""
    job, done = BY_NAME.get(name), ACTS.get(fields["act"])
    if job is None or done is None or job.is_light:
        raise NotFound("job", "There is no such job, or nothing of this kind to do with it.")
    done(deployment.db, principal.actor(), name, clock=deployment.clock)
    return redirect(HERE, toast="queued" if fields["act"] == "run" else "saved")


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one, act)

"""The worker: hands due events to rq, performs them, and does what is due from time to time.

The outbox table is the truth. rq only carries the calls: while Redis is away nothing is handed on
and nothing is lost; when it is back, what waits goes out.
"""

import os
import threading
import time

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from runtime.events import service as events
from runtime.events.jobs import QUEUE, deliver_events
from runtime.jobs.models import Every
from runtime.jobs.service import note_seen, register, run_due
from runtime.kit.logging import logger
from runtime.kit.problems import Overloaded
from runtime.kit.settings import read_settings
from runtime.schedule import JOBS
from runtime.wiring import Deployment

POLL_SECONDS = 0.5
SCHEDULE_SECONDS = 1.0
NOTE_SECONDS = 30.0
RECONNECT_SECONDS = 1.0
JOB_SECONDS = 60
BATCH = 200
TOGETHER = 25
"""Events of one job: carrying a job costs several times what delivering an event does."""
MAX_QUEUED = 40
NICE = 10

_deployment: Deployment | None = None
_lock = threading.Lock()


def deployment() -> Deployment:
    """The services of this worker process, made on first use."""
    global _deployment
    with _lock:
        if _deployment is None:
            settings = read_settings(os.environ)
            assert settings.database_url and settings.redis_url
            _deployment = Deployment(
                settings,
                database_url=settings.database_url,
                redis_url=settings.redis_url,
                name="huisheng-worker",
            )
        return _deployment


def connect(redis_url: str) -> redis.Redis:
    """The broker; it need not be there yet."""
    from_url = redis.Redis.from_url  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - redis-py leaves its keyword arguments untyped
    return from_url(redis_url, socket_connect_timeout=3, health_check_interval=15)


def hand_on(made: Deployment, queue: Queue) -> int:
    """Enqueue the events that are due; tells how many. What is not enqueued is due again soon."""
    if queue.count > MAX_QUEUED:
        return 0
    due = events.due_events(made.db, limit=BATCH, clock=made.clock)
    try:
        for start in range(0, len(due), TOGETHER):
            queue.enqueue_call(  # pyright: ignore[reportUnknownMemberType] - rq's callbacks are untyped
                deliver_events,
                args=([str(event_id) for event_id in due[start : start + TOGETHER]],),
                timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=3600,
            )
    except redis.RedisError:
        events.return_events(made.db, due, clock=made.clock)
        raise
    return len(due)


class Periodic:
    """The light jobs, done in this process's own loop; the table only learns that they are done."""

    def __init__(self, made: Deployment) -> None:
        self.made = made
        self.light = [job for job in JOBS if job.is_light]
        self.due = dict.fromkeys((job.name for job in self.light), 0.0)
        self.note_at = 0.0

    def run_due(self) -> None:
        """Do what is due; one failure does not keep the others."""
        for job in self.light:
            now = time.monotonic()
            if now < self.due[job.name]:
                continue
            assert isinstance(job.schedule, Every)
            self.due[job.name] = now + job.schedule.seconds
            try:
                job.work(self.made)
            except Overloaded:
                logger().warning("periodic_postponed", job=job.name)
        if time.monotonic() >= self.note_at:
            self.note_at = time.monotonic() + NOTE_SECONDS
            note_seen(self.made.db, list(self.due), clock=self.made.clock)


def _run_jobs(made: Deployment, stopping: threading.Event) -> None:
    """Run the scheduled jobs beside the pump, so that a long backup holds nothing up."""
    is_registered = False
    while not stopping.wait(SCHEDULE_SECONDS):
        try:
            if not is_registered:
                register(made.db, JOBS, clock=made.clock)
                is_registered = True
            run_due(made, JOBS, clock=made.clock)
        except (Overloaded, OSError):
            continue
        except Exception as error:
            logger().error("worker_bug", error=type(error).__name__)


def _pump(made: Deployment, stopping: threading.Event) -> None:
    """Hand events on until told to stop; whatever is down is tried again."""
    queue = Queue(QUEUE, connection=connect(made.redis_url), serializer=JSONSerializer)
    periodic = Periodic(made)
    was_down = False
    while not stopping.is_set():
        wait = POLL_SECONDS
        try:
            periodic.run_due()
            if hand_on(made, queue) == BATCH:
                wait = 0.0
            if was_down:
                logger().info("worker_reconnected")
            was_down = False
        except (redis.RedisError, Overloaded, OSError) as error:
            if not was_down:
                logger().warning("worker_waits", error=type(error).__name__)
            was_down, wait = True, RECONNECT_SECONDS
        except Exception as error:
            logger().error("worker_bug", error=type(error).__name__)
            wait = RECONNECT_SECONDS
        stopping.wait(wait)


class EventWorker(SimpleWorker):
    """Performs jobs in this process; a timer thread, no signal, ends those that take too long."""

    death_penalty_class = TimerDeathPenalty


def work() -> None:
    """Run until SIGTERM or SIGINT; where it shares a machine with the server, patients go first."""
    os.nice(NICE)
    made = deployment()
    stopping = threading.Event()
    pump = threading.Thread(target=_pump, args=(made, stopping), name="pump", daemon=True)
    scheduler = threading.Thread(
        target=_run_jobs, args=(made, stopping), name="scheduler", daemon=True
    )
    pump.start()
    scheduler.start()
    try:
        while not _perform(made):
            time.sleep(RECONNECT_SECONDS)
    finally:
        stopping.set()
        pump.join(timeout=5)
        scheduler.join(timeout=5)
        made.close()


def _perform(made: Deployment) -> bool:
    """Perform jobs; True when asked to stop, False when the broker went away."""
    try:
        connection = connect(made.redis_url)
        queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
        worker = EventWorker([queue], connection=connection, serializer=JSONSerializer)
        worker.work(logging_level="WARNING")
    except (redis.RedisError, OSError):
        return False
    return True

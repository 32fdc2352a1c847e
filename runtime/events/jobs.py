"""The jobs that rq carries; they open what they need once in each worker process."""

from collections.abc import Sequence
from uuid import UUID

from rq.timeouts import BaseTimeoutException

from runtime.events.service import deliver

QUEUE = "events"


def deliver_events(event_ids: Sequence[str]) -> int:
    """Deliver events, each in a transaction of its own; tells how many this call delivered.

    Raises:
        ExceptionGroup: what kept some of them back, after all were tried.
        BaseTimeoutException: the job's time is over; what was not tried is due again soon.
    """
    from runtime.wiring import HANDLERS
    from runtime.worker import deployment

    delivered, failures = 0, list[Exception]()
    for event_id in event_ids:
        try:
            delivered += deliver(deployment().db, UUID(event_id), HANDLERS)
        except BaseTimeoutException:
            raise
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("events that are tried again later", failures)
    return delivered

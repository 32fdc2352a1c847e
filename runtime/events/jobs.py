"""The jobs that rq carries; they open what they need once in each worker process."""

from uuid import UUID

from runtime.events.service import deliver

QUEUE = "events"


def deliver_event(event_id: str) -> bool:
    """Deliver one event; tells whether it was this call that did it."""
    from runtime.wiring import HANDLERS
    from runtime.worker import deployment

    return deliver(deployment().db, UUID(event_id), HANDLERS)

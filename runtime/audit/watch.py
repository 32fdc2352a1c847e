"""Looking after the trail every hour: recompute the last day, anchor the head, tell breaks."""

from datetime import timedelta

from runtime.audit.anchors import FILE, Anchor, UnreadableAnchor, anchor_trail, read_anchors
from runtime.audit.keys import signing_key
from runtime.audit.verify import Report, verify
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.logging import logger
from runtime.kit.settings import Settings

RECENT = timedelta(days=1)


def watch_trail(db: Database, settings: Settings, *, clock: Clock = system_clock) -> Report | None:
    """Verify what was sealed since the newest anchor of yesterday, then anchor the head.

    A break is logged as `audit_trail_broken`. None where the anchors themselves are damaged.
    `huisheng audit verify` looks at the whole chain.
    """
    path = settings.data_dir / "audit" / FILE
    public = signing_key(settings.data_dir, settings.audit_key).public
    try:
        known = read_anchors(path, public) if path.exists() else []
    except UnreadableAnchor as error:
        logger().error("audit_trail_broken", faults=["anchors"], line=error.line)
        return None
    with db.begin() as connection:
        report = verify(connection, anchors=known, after=_start(known, clock), clock=clock)
    if report.faults:
        kinds = sorted({fault.kind for fault in report.faults})
        logger().error("audit_trail_broken", faults=kinds, count=len(report.faults))
    else:
        anchor_trail(db, settings)
    return report


def _start(known: list[Anchor], clock: Clock) -> int:
    before = clock() - RECENT
    return max((anchor.seq for anchor in known if anchor.at < before), default=0)

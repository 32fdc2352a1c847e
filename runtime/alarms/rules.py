"""The rules by which lines of the audit trail become alarms."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from runtime.alarms.service import Severity, raise_alarm
from runtime.audit.verify import Fault, verify
from runtime.audit.watch import watch_trail
from runtime.kit.clock import Clock, hospital_day, month_of, system_clock
from runtime.kit.db import Database
from runtime.kit.settings import Settings
from runtime.parameters.service import number_of

WINDOW = timedelta(minutes=10)

_COUNTS = sa.text("""
SELECT 'failed_sign_ins' AS code, 'all' AS whose, count(*) AS number FROM audit_lines
WHERE month >= :month AND at > :since AND action = 'account.sign_in_failed'
UNION ALL
SELECT 'lock_out', object_id, count(*) FROM audit_lines
WHERE month >= :month AND at > :since AND action = 'account.sign_in_blocked' GROUP BY 2
UNION ALL
SELECT 'refusals', actor_id, count(*) FROM audit_lines
WHERE month >= :month AND at > :since AND outcome = 'refused' AND actor_kind = 'staff'
    AND action NOT LIKE 'account.%' GROUP BY 2
UNION ALL
SELECT 'restored', object_id, count(*) FROM audit_lines
WHERE month >= :month AND at > :since AND action = 'backup.restored' GROUP BY 2
UNION ALL
SELECT 'unmasked', actor_id, count(*) FROM audit_lines
WHERE month >= :month AND at > :day AND action IN ('personal.unmasked', 'attachment.viewed')
    GROUP BY 2
""")

SEVERITY: dict[str, Severity] = {"lock_out": "warning", "restored": "critical"}


def evaluate(db: Database, *, clock: Clock = system_clock) -> int:
    """Raise what the newest lines call for; tells how many alarms are new.

    The same matter raises one alarm an hour; seeing what is personal, answers and files alike,
    one a day.
    """
    now = clock()
    day = hospital_day(now)
    limits = {
        "failed_sign_ins": number_of(db, "alarms.failed_sign_ins"),
        "refusals": number_of(db, "alarms.refusals"),
        "unmasked": number_of(db, "alarms.unmasked_a_day") + 1,
    }
    values = {"month": month_of(now - timedelta(days=1)), "since": now - WINDOW}
    values["day"] = now - timedelta(days=1)
    raised = 0
    with db.begin() as connection:
        for code, whose, number in connection.execute(_COUNTS, values).all():
            if number < limits.get(code, 1):
                continue
            key = f"{whose}|{day if code == 'unmasked' else now.strftime('%Y-%m-%dT%H')}"
            facts = {"whose": whose, "number": number}
            severity = SEVERITY.get(code, "warning")
            raised += raise_alarm(connection, code, severity, facts, key=key, clock=clock)
    return raised


def check_chain(db: Database, *, clock: Clock = system_clock) -> int:
    """Verify the whole audit chain, with an alarm a day while it is broken; tells the faults."""
    with db.begin() as connection:
        report = verify(connection, clock=clock)
    return _tell_faults(db, report.faults, clock)


def watch_chain(db: Database, settings: Settings, *, clock: Clock = system_clock) -> int:
    """Verify the last day, anchor the head, raise an alarm on a break; tells the faults."""
    report = watch_trail(db, settings, clock=clock)
    faults = [Fault("anchor", None, None)] if report is None else report.faults
    return _tell_faults(db, faults, clock)


def _tell_faults(db: Database, faults: Sequence[Fault], clock: Clock) -> int:
    if faults:
        kinds = sorted({fault.kind for fault in faults})
        facts = {"faults": len(faults), "kinds": kinds, "first": faults[0].seq}
        day = str(hospital_day(clock()))
        with db.begin() as connection:
            raise_alarm(connection, "chain_broken", "critical", facts, key=day, clock=clock)
    return len(faults)

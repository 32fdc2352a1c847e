"""Every scheduled job of the programs: its name, when it is due, what it does."""

from datetime import time
from typing import TYPE_CHECKING

from runtime.accounts import attempts, sessions, users
from runtime.alarms import rules
from runtime.audit.sealer import seal_pending
from runtime.backup.nightly import nightly_backup
from runtime.bank.jobs import JOB as BANK_IMPORTS
from runtime.bank.jobs import take_imports
from runtime.jobs.models import DailyAt, Every, Job
from runtime.jobs.service import remove_old_runs
from runtime.responses import jobs

if TYPE_CHECKING:
    from runtime.wiring import Deployment


def _number_responses(made: "Deployment") -> object:
    return jobs.number_responses(made.db)


def _seal_audit_lines(made: "Deployment") -> object:
    return seal_pending(made.db)


def _watch_trail(made: "Deployment") -> object:
    return rules.watch_chain(made.db, made.settings, clock=made.clock)


def _make_partitions(made: "Deployment") -> object:
    return jobs.make_partitions(made.db)


def _remove_expired_sessions(made: "Deployment") -> object:
    return jobs.remove_expired_sessions(made.db)


def _remove_unused_files(made: "Deployment") -> object:
    return jobs.remove_unused_files(made.db, made.files)


def _evaluate_alarms(made: "Deployment") -> object:
    return rules.evaluate(made.db, clock=made.clock)


def _check_audit_chain(made: "Deployment") -> object:
    return rules.check_chain(made.db, clock=made.clock)


def _remove_old_runs(made: "Deployment") -> object:
    return remove_old_runs(made.db, clock=made.clock)


def _disable_unused_accounts(made: "Deployment") -> object:
    return users.disable_unused(made.db, clock=made.clock)


def _sweep_attempts(made: "Deployment") -> object:
    return attempts.sweep(made.db, clock=made.clock)


def _sweep_user_sessions(made: "Deployment") -> object:
    return sessions.sweep(made.db, clock=made.clock)


JOBS: tuple[Job, ...] = (
    Job("number_responses", Every(1.0), _number_responses, is_light=True),
    Job("seal_audit_lines", Every(0.5), _seal_audit_lines, is_light=True),
    Job("watch_trail", Every(3600.0), _watch_trail),
    Job("make_partitions", Every(3600.0), _make_partitions),
    Job("remove_expired_sessions", Every(60.0), _remove_expired_sessions),
    Job("remove_unused_files", Every(3600.0), _remove_unused_files),
    Job(BANK_IMPORTS, Every(300.0), take_imports),
    Job("evaluate_alarms", Every(60.0), _evaluate_alarms),
    Job("sweep_sign_in_attempts", Every(600.0), _sweep_attempts),
    Job("sweep_user_sessions", Every(600.0), _sweep_user_sessions),
    Job("disable_unused_accounts", DailyAt(time(1, 30)), _disable_unused_accounts),
    Job("nightly_backup", DailyAt(time(2, 30)), nightly_backup),
    Job("check_audit_chain", DailyAt(time(3, 30)), _check_audit_chain),
    Job("remove_old_runs", DailyAt(time(4, 10)), _remove_old_runs),
)

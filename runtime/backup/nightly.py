"""The nightly backup: made, old ones removed, an alarm when it fails."""

from typing import TYPE_CHECKING

from runtime.alarms.service import raise_alarm, settle
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import Made, back_up
from runtime.kit.clock import hospital_day
from runtime.parameters.service import number_of, value_of

if TYPE_CHECKING:
    from runtime.wiring import Deployment

ALARM = "backup_failed"


def nightly_backup(made: "Deployment") -> str:
    """Make tonight's backup unless parameter `backup.nightly` says no; tells what was done.

    One that fails raises an alarm, the next that works closes it.

    Raises:
        BackupRefused: it could not be made, or a setting is missing; the alarm is raised already.
    """
    if not value_of(made.db, "backup.nightly"):
        return "Nightly backups are switched off (backup.nightly)."
    try:
        done = _back_up(made)
    except Exception as error:
        words = str(error) if isinstance(error, BackupRefused) else type(error).__name__
        key = str(hospital_day(made.clock()))
        with made.db.begin() as connection:
            facts = {"error": words}
            raise_alarm(connection, ALARM, "critical", facts, key=key, clock=made.clock)
        raise
    with made.db.begin() as connection:
        name, facts = done.folder.name, {"removed": done.removed}
        record(connection, SYSTEM, "backup.made", "backup", name, facts=facts, clock=made.clock)
        settle(connection, ALARM, name, clock=made.clock)
    return f"{name}; {done.removed} old ones removed."


def _back_up(made: "Deployment") -> Made:
    settings = made.settings
    url, folder, key = settings.database_owner_url, settings.backup_dir, settings.backup_key
    if url is None or folder is None or key is None:
        wanted = {"DATABASE_OWNER_URL": url, "BACKUP_DIR": folder, "BACKUP_KEY": key}
        missing = [f"HUISHENG_{name}" for name, value in wanted.items() if value is None]
        raise BackupRefused(f"Not set: {', '.join(missing)}. No backup was made.")
    keep = number_of(made.db, "backup.keep")
    return back_up(url, settings.data_dir, folder, key, keep=keep, clock=made.clock)

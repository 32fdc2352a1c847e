"""The nightly backup: made, old ones removed, an alarm when it fails."""

from typing import TYPE_CHECKING

from runtime.alarms.service import raise_alarm
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import back_up, keep_newest
from runtime.kit.clock import hospital_day
from runtime.parameters.service import number_of, value_of

if TYPE_CHECKING:
    from runtime.wiring import Deployment


def nightly_backup(made: "Deployment") -> str:
    """Make tonight's backup where a folder for backups is set; tells what was done.

    Raises:
        BackupRefused: it could not be made; the alarm is raised already.
    """
    settings = made.settings
    if settings.backup_dir is None or not value_of(made.db, "backup.nightly"):
        return "HUISHENG_BACKUP_DIR is not set, or nightly backups are switched off."
    try:
        if settings.backup_key is None or settings.database_owner_url is None:
            names = "HUISHENG_BACKUP_KEY and HUISHENG_DATABASE_OWNER_URL"
            raise BackupRefused(f"{names} must be set for a backup.")
        folder = back_up(
            settings.database_owner_url,
            settings.data_dir,
            settings.backup_dir,
            settings.backup_key,
            clock=made.clock,
        )
        removed = keep_newest(settings.backup_dir, number_of(made.db, "backup.keep"))
    except Exception as error:
        words = str(error) if isinstance(error, BackupRefused) else type(error).__name__
        _tell_failure(made, words)
        raise
    with made.db.begin() as connection:
        facts = {"removed": removed}
        record(connection, SYSTEM, "backup.made", "backup", folder.name, facts=facts)
    return f"{folder.name}; {removed} old ones removed."


def _tell_failure(made: "Deployment", words: str) -> None:
    key = str(hospital_day(made.clock()))
    with made.db.begin() as connection:
        raise_alarm(
            connection, "backup_failed", "critical", {"error": words}, key=key, clock=made.clock
        )

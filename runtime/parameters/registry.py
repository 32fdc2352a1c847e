"""Every parameter: its type, limits and default; the meaning in words is in the catalogue."""

from typing import Literal

from msgspec import Struct

Kind = Literal["whole", "yes_or_no"]
Value = int | bool


class Parameter(Struct, frozen=True):
    """One parameter; `words` is the key of its meaning in the message catalogues."""

    name: str
    kind: Kind
    default: Value
    minimum: int = 0
    maximum: int = 1

    @property
    def words(self) -> str:
        """The key of its title; the same with `_help` is the meaning."""
        return f"parameter_{self.name.replace('.', '_')}"


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("sign_in.account_tries", "whole", 5, 3, 10),
    Parameter("sign_in.address_tries", "whole", 20, 10, 1000),
    Parameter("sign_in.captcha_from", "whole", 3, 1, 3),
    Parameter("sessions.idle_minutes", "whole", 30, 5, 30),
    Parameter("sessions.administrator_idle_minutes", "whole", 15, 5, 15),
    Parameter("sessions.hours", "whole", 8, 1, 8),
    Parameter("accounts.administrator_password_days", "whole", 90, 30, 90),
    Parameter("accounts.unused_days", "whole", 90, 30, 90),
    Parameter("audit.keep_days", "whole", 1098, 180, 36_500),
    Parameter("alarms.failed_sign_ins", "whole", 20, 3, 10_000),
    Parameter("alarms.refusals", "whole", 20, 3, 10_000),
    Parameter("alarms.unmasked_a_day", "whole", 50, 1, 100_000),
    Parameter("publishing.approve_surveys", "yes_or_no", False),
    Parameter("publishing.approve_forms", "yes_or_no", False),
    Parameter("backup.keep", "whole", 14, 1, 1000),
    Parameter("backup.nightly", "yes_or_no", True),
)
"""The limits are those of the tender and of the security list: a captcha from the third failure, a
lock after few, sessions of 30 minutes (administrators 15) without use, accounts closed after 90
days. Audit lines are kept 180 days at the least (Cybersecurity Law art. 21 asks six months)."""

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}

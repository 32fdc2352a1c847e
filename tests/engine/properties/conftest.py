"""Settings of the property tests: the same examples every time, unless many forms are asked for."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "engine",
    deadline=None,
    database=None,
    derandomize="HUISHENG_FORMS" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("engine")

"""`huisheng run`: everything on one port, with a worker, for a first look and for development."""

import contextlib
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from types import FrameType

import click

from runtime import migrations
from runtime.accounts import roles as staff_roles
from runtime.accounts import users
from runtime.cli._services import child_environment, deployment_of, services_of
from runtime.kit.embedded import Services
from runtime.kit.processes import Child, supervise
from runtime.kit.settings import Settings, read_settings
from runtime.seed import is_empty, seed
from runtime.wiring import Deployment

DEMO_ADMINISTRATOR = "admin"
DEMO_ROLES = {
    DEMO_ADMINISTRATOR: (
        "system_administrator",
        "survey_designer",
        "analyst",
        "service_centre_handler",
    ),
    "security": ("security_administrator",),
    "audit": ("auditor",),
    "discipline": ("discipline_officer",),
}
DEMO_NAMES = {
    DEMO_ADMINISTRATOR: "演示管理员",
    "security": "演示安全管理员",
    "audit": "演示审计员",
    "discipline": "演示纪检员",
}
PAGES = {
    "web": ("/s/outpatient_satisfaction", "网页 Web"),
    "kiosk": ("/kiosk/", "自助机 Kiosk"),
    "miniprogram": ("/api/v1/openapi.json", "小程序接口 Mini-program API"),
}


@click.command()
def command() -> None:
    """Run all channels on one port with a worker; ready when /health/ready answers 200."""
    settings = read_settings(os.environ)
    stopping = threading.Event()
    _stop_on_signals(stopping)
    with services_of(settings) as services:
        link = _prepare(settings, services)
        if not stopping.is_set():
            _run(settings, services, link, stopping)


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _prepare(settings: Settings, services: Services) -> str | None:
    """Migrate, seed on the first start, and make a sign-in link."""
    roles = migrations.roles_of(services.app_url, services.auditor_url)
    migrations.upgrade(services.owner_url, roles)
    with deployment_of(settings, services, "huisheng-run") as deployment:
        if settings.demo and not settings.is_production and is_empty(deployment):
            click.echo("首次启动：正在写入演示数据…… First start: storing the demo hospital…")
            made = seed(deployment)
            click.echo(", ".join(f"{count} {name}" for name, count in made.items()))
        return _staff_link(settings, deployment)


def _staff_link(settings: Settings, deployment: Deployment) -> str | None:
    """A one-time link into the demo administrator's account; none where no demo is wanted."""
    if not settings.demo or settings.is_production:
        return None
    with deployment.db.begin() as connection:
        for login, held in DEMO_ROLES.items():
            user = users.ensure(connection, login, DEMO_NAMES[login])
            if not staff_roles.roles_of(connection, user):
                for role in held:
                    staff_roles.grant(connection, user, role)
        user = users.find(connection, DEMO_ADMINISTRATOR).id
        return users.give_link(connection, user, "look")


def _run(
    settings: Settings, services: Services, link: str | None, stopping: threading.Event
) -> None:
    environment = child_environment(settings, services) | {"CHILD_OF_HUISHENG": "1"}
    program = [sys.executable, "-m", "runtime.cli"]
    children = [
        Child("serve", [*program, "serve"], environment),
        Child("worker", [*program, "worker"], environment),
    ]
    announced = threading.Event()

    def announce() -> None:
        if not announced.is_set() and _is_ready(settings):
            announced.set()
            _print_addresses(settings, link)

    supervise(children, stopping.is_set, announce)


def _is_ready(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # nosec B104
    url = f"http://{host}:{settings.port}/health/ready"
    with contextlib.suppress(urllib.error.URLError, OSError):
        with urllib.request.urlopen(url, timeout=2) as answer:  # nosec B310 - our own address
            return answer.status == 200
    return False


def _print_addresses(settings: Settings, link: str | None) -> None:
    click.echo("")
    for channel, (path, name) in PAGES.items():
        if channel in settings.channels:
            click.echo(f"{name:<28}{settings.public_url}{path}")
    if "staff" in settings.channels and link:
        label = f"{'职工（一次性登录）Staff, once':<24}"
        click.echo(f"{label}{settings.public_url}/staff/sign-in/{link}")
    click.echo("")
    sys.stdout.flush()

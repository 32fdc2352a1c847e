"""`huisheng run`: everything on one port, with a worker, for a first look and for development."""

import contextlib
import os
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request
from types import FrameType
from typing import NamedTuple

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


class Demo(NamedTuple):
    """Somebody of the demo hospital: what they are called, and the roles that they hold."""

    name: str
    roles: tuple[str, ...]


DEMO_STAFF = {
    "admin": Demo(
        "演示管理员",
        ("system_administrator", "survey_designer", "analyst", "service_centre_handler"),
    ),
    "security": Demo("演示安全管理员", ("security_administrator",)),
    "audit": Demo("演示审计员", ("auditor",)),
    "discipline": Demo("演示纪检员", ("discipline_officer",)),
}
"""Nobody may run, grant and audit at once, so that a look at everything takes several people."""
PAGES = {
    "web": ("/s/outpatient_satisfaction", "网页 Web"),
    "kiosk": ("/kiosk/", "自助机 Kiosk"),
    "miniprogram": ("/api/v1/openapi.json", "小程序接口 Mini-program API"),
}


@click.command()
def command() -> None:
    """Run all channels on one port with a worker; ready when /health/ready answers 200."""
    settings = read_settings(os.environ)
    _refuse_taken_port(settings)
    stopping = threading.Event()
    _stop_on_signals(stopping)
    with services_of(settings) as services:
        links = _prepare(settings, services)
        if not stopping.is_set():
            _run(settings, services, links, stopping)


def _refuse_taken_port(settings: Settings) -> None:
    """Say so where somebody listens already: the system lets servers share a port, and requests
    would go to the one or the other."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"端口 {settings.port} 已被占用或不可用，请用 HUISHENG_PORT 换一个。"
                f" Cannot listen on {settings.host}, port {settings.port} ({error.strerror}):"
                " choose another with HUISHENG_PORT, or stop the program that has it."
            ) from None


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _prepare(settings: Settings, services: Services) -> dict[str, str]:
    """Migrate, seed on the first start, and make sign-in links."""
    roles = migrations.roles_of(services.app_url, services.auditor_url)
    migrations.upgrade(services.owner_url, roles)
    with deployment_of(settings, services, "huisheng-run") as deployment:
        if settings.demo and not settings.is_production and is_empty(deployment):
            click.echo("首次启动：正在写入演示数据…… First start: storing the demo hospital…")
            made = seed(deployment)
            click.echo(", ".join(f"{count} {name}" for name, count in made.items()))
        return _staff_links(settings, deployment)


def _staff_links(settings: Settings, deployment: Deployment) -> dict[str, str]:
    """One-time links into the demo's accounts by name; none where no demo is wanted."""
    if not settings.demo or settings.is_production:
        return {}
    links: dict[str, str] = {}
    with deployment.db.begin() as connection:
        for login, demo in DEMO_STAFF.items():
            user = users.ensure(connection, login, demo.name)
            if not staff_roles.roles_of(connection, user):
                for role in demo.roles:
                    staff_roles.grant(connection, user, role)
            if users.get(connection, user).state == "active":
                links[demo.name] = users.give_link(connection, user, "look")
    return links


def _run(
    settings: Settings, services: Services, links: dict[str, str], stopping: threading.Event
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
            _print_addresses(settings, links)

    supervise(children, stopping.is_set, announce)


def _is_ready(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # nosec B104
    url = f"http://{host}:{settings.port}/health/ready"
    with contextlib.suppress(urllib.error.URLError, OSError):
        with urllib.request.urlopen(url, timeout=2) as answer:  # nosec B310 - our own address
            return answer.status == 200
    return False


def _print_addresses(settings: Settings, links: dict[str, str]) -> None:
    click.echo("")
    for channel, (path, name) in PAGES.items():
        if channel in settings.channels:
            click.echo(f"{_padded(name, 30)}{settings.public_url}{path}")
    if "staff" in settings.channels and links:
        click.echo("职工一次性登录链接 Staff, links of one use:")
        for name, link in links.items():
            click.echo(f"  {_padded(name, 18)}{settings.public_url}/staff/sign-in/{link}")
    click.echo("")
    sys.stdout.flush()


def _padded(text: str, columns: int) -> str:
    """The text with blanks behind it; a Chinese character is two columns wide."""
    return text + " " * max(1, columns - len(text) - sum(ord(one) > 0x2E80 for one in text))

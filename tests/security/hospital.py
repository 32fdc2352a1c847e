"""The demo hospital served over HTTP, with one member of staff in each role, to be walked through.

Pages are found from links, forms and the route table, so that a page that is added later is walked
through without being named here.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from litestar import Litestar
from lxml import html as tree_of_html
from msgspec import Struct

from runtime.accounts import roles, users
from runtime.kit.embedded import Services
from runtime.kit.postgres import APPLICATION, AUDITOR, OWNER
from runtime.kit.settings import read_settings
from runtime.seed import seed
from runtime.wiring import Deployment
from tests.serving import answers, free_port

markup: Any = tree_of_html  # its stubs are partly untyped
READY_SECONDS = 180
SAME_PAGE = 3
"""How many addresses of one route are read in one role; the others differ in their rows alone."""
PARAMETER = re.compile(r"\{[^}]+\}")


class Page(Struct, frozen=True):
    """One answer of the walk, as one role got it."""

    role: str
    path: str
    route: str
    came_from: str
    status: int
    headers: httpx.Headers
    text: str

    @property
    def is_html(self) -> bool:
        """Whether a browser would show it as a page."""
        return self.headers.get("content-type", "").startswith("text/html")

    @property
    def is_paper(self) -> bool:
        """Whether it is a document to be printed."""
        return self.headers.get("content-type", "").startswith("application/pdf")

    @property
    def where(self) -> str:
        """What to say when something is wrong with it."""
        return f"{self.role}: {self.status} {self.path} (from {self.came_from})"

    @property
    def shape(self) -> frozenset[str]:
        """Which elements stand in which, without their text: pages of one shape look alike."""
        found: set[str] = set()
        for one in markup.fromstring(self.text.encode()).iter():
            if isinstance(one.tag, str):
                parent = one.getparent()
                above = "" if parent is None else f"{parent.tag}.{parent.get('class', '')}"
                found.add(f"{above}>{one.tag}.{one.get('class', '')}[{one.get('type', '')}]")
        return frozenset(found)


class Hospital:
    """A running program and the means to sign in to it."""

    def __init__(self, deployment: Deployment, app: Litestar, base: str, log: Path) -> None:
        self.deployment = deployment
        self.base = base
        self.log = log
        self.routes = [
            (_pattern(route.path), route.path)
            for route in sorted(app.routes, key=lambda one: one.path.count("{"))
        ]
        self.plain_pages = sorted(
            route.path
            for route in app.routes
            if route.path.startswith("/staff")
            and "{" not in route.path
            and "GET" in getattr(route, "methods", ())
        )

    @contextmanager
    def sign_in(self, *held: str, login: str | None = None) -> Generator[httpx.Client]:
        """A browser without scripts, signed in as somebody with these roles at every site."""
        login = login or f"crawl_{'_'.join(held)}"[:30]
        with self.deployment.db.begin() as connection:
            user = users.ensure(connection, login, f"走查{login[-12:]}")
            for role in held:
                roles.grant(connection, user, role)
            link = users.give_link(connection, user, "look")
        wanted = {"accept": "text/html", "accept-language": "zh"}
        with httpx.Client(base_url=self.base, timeout=30, headers=wanted) as http:
            assert http.post(f"/staff/sign-in/{link}").status_code == 303
            yield http

    def presets(self) -> list[str]:
        """Every role that there is."""
        with self.deployment.db.begin() as connection:
            return [role.id for role in roles.list_roles(connection)]

    def route_of(self, path: str) -> str:
        """The route that answers at this path; the path itself where none does."""
        plain = urlsplit(path).path
        return next((route for pattern, route in self.routes if pattern.fullmatch(plain)), plain)


def _pattern(route: str) -> re.Pattern[str]:
    parts = PARAMETER.split(route.rstrip("/"))
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + "/?")


def links_of(page: Page) -> list[str]:
    """Where a page leads by GET: links, fragments, and forms sent as they stand."""
    tree = markup.fromstring(page.text.encode())
    found = [str(one) for one in tree.xpath("//a/@href | //@hx-get | //link/@href | //img/@src")]
    for form in tree.xpath("//form[not(@method) or translate(@method, 'GET', 'get') = 'get']"):
        fields = urlencode([(name, value) for name, value in form.fields.items() if value])
        found.append(f"{form.get('action') or urlsplit(page.path).path}?{fields}")
    return [urljoin(page.path, one).partition("#")[0] for one in found]


def walk(
    hospital: Hospital, role: str, http: httpx.Client, papers: set[str] | None = None
) -> Iterator[Page]:
    """Every page that this role is led to, and every page of the route table without parameters.

    A route that answers with a document to be printed is read once, since drawing one takes as long
    as a hundred pages: once in all walks that share `papers`, the routes that gave one.
    """
    papers = set() if papers is None else papers
    waiting = [("/staff/", "the start")]
    waiting += [(path, "the route table") for path in hospital.plain_pages]
    seen: set[str] = set()
    read: Counter[str] = Counter()
    while waiting:
        path, came_from = waiting.pop(0)
        route = hospital.route_of(path)
        is_known = read[route] >= SAME_PAGE or route in papers
        if path in seen or (is_known and came_from != "the route table"):
            continue
        seen.add(path)
        read[route] += 1
        answer = http.get(path)
        page = Page(role, path, route, came_from, answer.status_code, answer.headers, answer.text)
        if page.status == 200 and page.is_paper:
            papers.add(route)
        yield page
        if "location" in answer.headers:
            waiting.append((urljoin(path, answer.headers["location"]), came_from))
        if page.is_html and page.text:
            waiting += [
                (link, path) for link in links_of(page) if link.startswith("/") and link not in seen
            ]


def without_query(path: str) -> list[str]:
    """The values in a path's query, decoded."""
    return [value for _, value in parse_qsl(urlsplit(path).query)]


@contextmanager
def open_hospital(services: Services, template: str, folder: Path) -> Generator[Hospital]:
    """A database of its own with the demo hospital, and a program that serves it."""
    from runtime.programs import create_app

    postgres = services.postgres
    assert postgres is not None
    name = f"walk_{os.getpid()}_{time.monotonic_ns()}"
    postgres.create_database(name, template)
    port = free_port()
    environ = {
        "HUISHENG_ENVIRONMENT": "test",
        "HUISHENG_DATA_DIR": str(folder),
        "HUISHENG_PORT": str(port),
        "HUISHENG_DATABASE_URL": postgres.url(APPLICATION, name),
        "HUISHENG_DATABASE_OWNER_URL": postgres.url(OWNER, name),
        "HUISHENG_DATABASE_AUDITOR_URL": postgres.url(AUDITOR, name),
        "HUISHENG_REDIS_URL": f"{services.redis_url}",
        "HUISHENG_POOL_SIZE": "3",
        "HUISHENG_LOG_LEVEL": "debug",
    }
    settings = read_settings(environ)
    assert settings.database_url and settings.redis_url
    deployment = Deployment(
        settings, database_url=settings.database_url, redis_url=settings.redis_url
    )
    seed(deployment, responses=60)
    log = folder / "log"
    command = [Path(sys.executable).parent / "huisheng", "serve"]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUISHENG_")}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=inherited | environ, stdout=out, stderr=out)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_ready(base, process, log)
        app = create_app(deployment, settings.channels)
        yield Hospital(deployment, app, base, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        deployment.close()
        postgres.drop_database(name)


def _wait_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + READY_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        if answers(base):
            return
        time.sleep(0.1)
    raise RuntimeError(f"not ready:\n{log.read_text('utf-8', 'replace')[-3000:]}")

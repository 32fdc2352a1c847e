"""The staff's cookie, who it stands for, and where a browser may be sent."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from litestar.datastructures import Cookie

from runtime.accounts.access import Principal
from runtime.accounts.sessions import principal_of
from runtime.accounts.sign_in import Visitor
from runtime.kit.addresses import client_address
from runtime.kit.clock import Clock
from runtime.kit.db import Database
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden
from runtime.kit.settings import Settings

HOME = "/staff/"
_STAGES = (("password", "password"), ("totp", "second"), ("enrol", "enrol"))
STAGE_PAGES: Mapping[str, str] = {stage: f"/staff/sign-in/{page}" for stage, page in _STAGES}
_OWN_PATH = re.compile(r"/staff(/[A-Za-z0-9._~%=&?+,:@!$'()*;/-]*)?")


def is_secure(settings: Settings) -> bool:
    """Whether staff reach us by https."""
    return settings.public_url.startswith("https://")


def cookie_name(settings: Settings, kind: str = "staff") -> str:
    """`__Host-` asks for TLS, which a first look on this machine does not have."""
    return f"__Host-{kind}" if is_secure(settings) else kind


def cookie(settings: Settings, token: str, *, kind: str = "staff") -> Cookie:
    """The session's cookie: gone with the browser, never sent by another site's page (S18)."""
    return Cookie(
        cookie_name(settings, kind),
        value=token,
        path="/",
        httponly=True,
        secure=is_secure(settings),
        samesite="strict",
    )


def visitor_of(request: Http, settings: Settings) -> Visitor:
    """The browser, its address believed only as far as our own proxies tell it (S44)."""
    agent = request.headers.get("user-agent", "")
    return Visitor(client_address(request, settings.trusted_proxies), agent)


def identify(request: Http, settings: Settings, db: Database, clock: Clock) -> Principal | None:
    """Who the request's cookie stands for."""
    token = request.cookies.get(cookie_name(settings))
    address = client_address(request, settings.trusted_proxies)
    return principal_of(db, token, address=address, clock=clock)


def own_path(wanted: str | None) -> str:
    """A path of the console to go on to; the start page for anything else (S46)."""
    if wanted and wanted != "/staff" and "//" not in wanted and _OWN_PATH.fullmatch(wanted):
        return wanted
    return HOME


def sign_in_address(wanted: str) -> str:
    """Where to send somebody who is not signed in and wanted this page."""
    return f"/staff/sign-in?{urlencode({'next': own_path(wanted)})}"


# Forms of visitors who are not signed in yet


def new_mark() -> str:
    """A fresh value for the cookie that a visitor's form is bound to."""
    return secrets.token_urlsafe(18)


def form_token(secret: bytes, mark: str) -> str:
    """What the form carries for the browser with this mark."""
    return hmac.new(secret, b"sign-in:" + mark.encode(), hashlib.sha256).hexdigest()[:40]


def require_token(expected: str, given: str, request: Http, settings: Settings) -> None:
    """Refuse a post that did not come from a page of ours (S19).

    Raises:
        Forbidden: the form's token is missing or wrong, or another site sent it.
    """
    is_own = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    if not is_own or not is_same_origin(request, settings):
        raise Forbidden("form_token", "The form was not sent from a page of ours.")


def is_same_origin(request: Http, settings: Settings) -> bool:
    """Whether a page of ours sent this, as far as the browser tells."""
    if request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    hosts = {request.headers.get("host"), urlsplit(settings.public_url).netloc}
    return urlsplit(origin).netloc in hosts

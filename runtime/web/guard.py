"""What protects the patient pages: cookies, the form token, and the policy of what may load."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.datastructures import Cookie

from runtime.kit.http import Http
from runtime.kit.problems import Forbidden
from runtime.kit.settings import Settings

YEAR_SECONDS = 365 * 24 * 3600


class PartitionedCookie(Cookie):
    """A cookie that a browser keeps for each embedding site apart (CHIPS)."""

    def to_header(self, **values: Any) -> str:
        """The header, with the attribute that Litestar does not know."""
        return super().to_header(**values) + "; Partitioned"


class Guard(msgspec.Struct, frozen=True):
    """One browser's cookies under the deployment's settings."""

    settings: Settings
    secret: bytes
    request: Http

    @property
    def is_secure(self) -> bool:
        """Whether patients reach us by https."""
        return self.settings.public_url.startswith("https://")

    @property
    def is_framed(self) -> bool:
        """Whether the page is shown inside another site that we allow."""
        return bool(self.settings.embed_origins) and (
            self.request.headers.get("sec-fetch-dest") == "iframe"
        )

    def name(self, kind: str) -> str:
        """A cookie's name; the prefix keeps other hosts from setting it."""
        return f"__Host-hs-{kind}" if self.is_secure else f"hs-{kind}"

    def read(self, kind: str) -> str | None:
        """The cookie's value."""
        return self.request.cookies.get(self.name(kind))

    def cookie(self, kind: str, value: str, seconds: int | None) -> Cookie:
        """A cookie; inside a frame it belongs to the embedding site alone."""
        is_apart = self.is_framed and self.is_secure
        return (PartitionedCookie if is_apart else Cookie)(
            self.name(kind),
            value=value,
            path="/",
            max_age=seconds,
            httponly=True,
            secure=self.is_secure,
            samesite="none" if is_apart else "lax",
        )

    def no_cookie(self, kind: str) -> Cookie:
        """What removes the cookie."""
        return self.cookie(kind, "", 0)

    def new_mark(self) -> str:
        """A fresh value for the cookie that form tokens are made from."""
        return secrets.token_urlsafe(18)

    def form_token(self, mark: str) -> str:
        """The token that a form carries for a browser with this mark."""
        return hmac.new(self.secret, b"form:" + mark.encode(), hashlib.sha256).hexdigest()[:40]

    def require_own_form(self, token: str) -> None:
        """Refuse a post that did not come from a page of ours in this browser.

        Raises:
            Forbidden: the form's token is missing or wrong, or another site sent it.
        """
        mark = self.read("guard")
        is_own = mark is not None and hmac.compare_digest(
            self.form_token(mark).encode(), token.encode()
        )
        if not is_own or not self._is_same_origin():
            raise Forbidden("form_token", "The form was not sent from a page of ours.")

    def _is_same_origin(self) -> bool:
        if self.request.headers.get("sec-fetch-site", "same-origin") == "cross-site":
            return False
        origin = self.request.headers.get("origin")
        if origin is None:
            return True
        hosts = {self.request.headers.get("host"), urlsplit(self.settings.public_url).netloc}
        return urlsplit(origin).netloc in hosts


def page_headers(settings: Settings) -> Mapping[str, str]:
    """Headers of every patient page: nothing inline, nothing foreign, no copy kept."""
    ancestors = " ".join(("'self'", *settings.embed_origins))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": ancestors,
    }
    return {
        "content-security-policy": "; ".join(f"{name} {what}" for name, what in policy.items()),
        "cache-control": "no-store",
        "vary": "HX-Request, Accept-Language, Cookie",
    }

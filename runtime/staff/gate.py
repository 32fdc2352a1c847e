"""What signing in and one's own account share: who asks, a page without navigation, its words."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie

from runtime.accounts import browser
from runtime.accounts.access import Principal
from runtime.accounts.sign_in import Refused
from runtime.kit.clock import local_minute
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden
from runtime.kit.words import nearest_language, say
from runtime.wiring import Deployment

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


class Gate:
    """One request to the pages about signing in and one's own account."""

    def __init__(self, request: Http, deployment: Deployment) -> None:
        self.request = request
        self.settings = deployment.settings
        self.secret = deployment.secret
        self.desk = deployment.desk
        self.visitor = browser.visitor_of(request, self.settings)
        self.principal = browser.identify(request, self.settings, deployment.db, deployment.clock)
        wanted = request.headers.get("accept-language")
        self.lang = (self.principal and self.principal.lang) or nearest_language(wanted)

    def page(
        self,
        template: str,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        headers: Mapping[str, str] = {},
        **values: Any,
    ) -> Response[str]:
        """A page of its own, without the console's navigation."""
        html = _templates().get_template(template)
        text = html.render(
            lang=self.lang,
            t=self.words,
            csrf=self.principal.csrf if self.principal else "",
            local=local_minute,
            **values,
        )
        return Response(
            text,
            status_code=status,
            media_type=MediaType.HTML,
            headers=HEADERS | dict(headers),
            cookies=list(cookies),
        )

    def words(self, code: str, **params: Any) -> str:
        """One of our sentences."""
        return say(f"account_{code}", self.lang, **params)

    def go_to(self, path: str, token: str | None = None) -> Response[Any]:
        """A redirect within the console, with a new session's cookie where there is one."""
        cookies = [] if token is None else [browser.cookie(self.settings, token)]
        headers = HEADERS | {"location": path}
        return Response(None, status_code=303, headers=headers, cookies=cookies)

    def go_on(self, wanted: str, token: str | None = None) -> Response[Any]:
        """On to the page that was wanted, by way of whatever the sign-in still waits for."""
        return self.go_to(browser.own_path(wanted), token)

    def waiting(self, stage: str) -> Principal | None:
        """The principal whose session waits for this stage."""
        principal = self.principal
        return principal if principal is not None and principal.stage == stage else None

    def elsewhere(self, wanted: str | None = None) -> Response[Any]:
        """Where somebody belongs who is not at this stage; the page wanted is kept in mind."""
        if self.principal is None:
            return self.go_to("/staff/sign-in")
        page = browser.STAGE_PAGES.get(self.principal.stage)
        kept = browser.own_path(wanted)
        if page is None:
            return self.go_to(kept)
        return self.go_to(page if kept == browser.HOME else f"{page}?{urlencode({'next': kept})}")

    def own(self, fields: Mapping[str, str]) -> Principal:
        """The principal, having posted a form of this session.

        Raises:
            Forbidden: nobody is signed in, or the form is not of this session.
        """
        if self.principal is None:
            raise Forbidden("form_token", "The form was not sent from a page of ours.")
        given = fields.get("_csrf", "") or self.request.headers.get("x-csrf-token", "")
        browser.require_token(self.principal.csrf, given, self.request, self.settings)
        return self.principal

    def sentence(self, refused: Refused) -> str:
        """Why not, in words; the same for known and unknown names."""
        if refused.code == "password":
            return " ".join(self.words(f"fault_{fault}") for fault in refused.faults)
        minutes = -(-refused.wait_seconds // 60)
        return self.words(f"refused_{refused.code}", minutes=minutes)

    def status(self, refused: Refused) -> int:
        """429 where waiting helps, 422 otherwise."""
        return 429 if refused.wait_seconds else 422

    def wait(self, refused: Refused) -> dict[str, str]:
        """Retry-After, in seconds."""
        return {"retry-after": str(refused.wait_seconds)} if refused.wait_seconds else {}

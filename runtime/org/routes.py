"""The API of the dictionaries that pickers ask (design section 9)."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from runtime.kit.http import Http, json_response
from runtime.kit.openapi import documented
from runtime.kit.words import nearest_language
from runtime.org import service
from runtime.org.models import Picked
from runtime.wiring import Deployment

Word = Annotated[str, QueryParameter(max_length=100)]
MaybeWord = Annotated[str | None, QueryParameter(max_length=100)]


class Entries(msgspec.Struct):
    """What a picker shows, at most 200."""

    entries: list[Picked]


def _language(request: Http, lang: str | None) -> str:
    return lang or nearest_language(request.headers.get("accept-language"))


def _clean(word: str | None) -> str | None:
    return word.replace("\0", "") or None if word else None


@get(
    "/dictionaries/departments",
    sync_to_thread=True,
    operation_class=documented(answer=Entries),
    opt={"public": True},
)
def list_departments(
    request: Http,
    deployment: NamedDependency[Deployment],
    q: Word = "",
    site: MaybeWord = None,
    subtree: MaybeWord = None,
    lang: MaybeWord = None,
) -> Response[bytes]:
    """Departments by name, code or id, at a site, below a department."""
    return json_response(
        Entries(
            service.find_departments(
                deployment.db,
                q=q,
                site=_clean(site),
                subtree=_clean(subtree),
                lang=_language(request, lang),
            )
        )
    )


@get(
    "/dictionaries/staff",
    sync_to_thread=True,
    operation_class=documented(answer=Entries),
    opt={"public": True},
)
def list_staff(
    request: Http,
    deployment: NamedDependency[Deployment],
    q: Word = "",
    site: MaybeWord = None,
    department: MaybeWord = None,
    subtree: MaybeWord = None,
    lang: MaybeWord = None,
) -> Response[bytes]:
    """Staff by name or id, at a site, in a department or below it, in a part of the tree."""
    return json_response(
        Entries(
            service.find_staff(
                deployment.db,
                q=q,
                site=_clean(site),
                department=_clean(department),
                subtree=_clean(subtree),
                lang=_language(request, lang),
            )
        )
    )


def dictionary_router() -> Router:
    """The routes of the dictionaries."""
    return Router("/", route_handlers=[list_departments, list_staff])

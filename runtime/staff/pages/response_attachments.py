"""A file that came with a response: saved under its name, never shown as a page of ours."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from engine.questions.uploads import FILE_TYPES
from runtime.accounts.access import Principal, needs
from runtime.kit.content import name_to_save
from runtime.kit.http import attachment_header
from runtime.kit.problems import NotFound
from runtime.kit.words import say
from runtime.responses import given_files
from runtime.staff.answers import question_text
from runtime.staff.pages.responses import HERE
from runtime.surveys.cache import Form
from runtime.wiring import Deployment

KILOBYTE = 1024
MEGABYTE = 1024 * KILOBYTE
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_TYPE_WORDS: dict[str, str] = dict(
    zip(FILE_TYPES, ("jpeg", "png", "webp", "pdf", "docx", "xlsx"), strict=True)
)


class FileLine(Struct, frozen=True):
    """A file in the list of a response's page; `address` opens it while its pass lasts."""

    question: str
    name: str
    about: str
    address: str
    is_picture: bool


def file_line(
    file: given_files.GivenFile, response: str, given: str, form: Form, lang: str
) -> FileLine:
    """A file in words: the question, its type and size."""
    kind = say(f"responses_file_{_TYPE_WORDS.get(file.type, 'other')}", lang)
    return FileLine(
        question_text(form, file.question, lang),
        name_to_save(file.name, file.type),
        f"{kind} · {_size(file.bytes)}",
        f"{HERE}/{response}/attachments/{file.id}?given={given}",
        file.is_picture,
    )


def _size(count: int) -> str:
    if count < MEGABYTE:
        return f"{max(1, round(count / KILOBYTE))} KB"
    return f"{count / MEGABYTE:.1f} MB"


@get(
    f"{HERE}/{{response:str}}/attachments/{{attachment:str}}",
    sync_to_thread=True,
    guards=[needs("responses:read", "personal:unmask")],
)
def show_attachment(
    response: FromPath[str],
    attachment: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    given: FromQuery[str] = "",
) -> Response[Any]:
    """The file itself; pictures have their own type, so that an `<img>` of our pages takes them."""
    try:
        response_id = UUID(response)
    except ValueError:
        raise NotFound("response", "There is no such response.") from None
    file, content = given_files.open_file(
        deployment.db,
        deployment.files,
        deployment.vault,
        deployment.surveys,
        principal,
        response_id,
        attachment,
        given,
        clock=deployment.clock,
    )
    name = name_to_save(file.name, file.type)
    return Response(
        content,
        media_type=file.type if file.type in FILE_TYPES else "application/octet-stream",
        headers=HEADERS | {"content-disposition": attachment_header(name)},
    )


handlers: tuple[ControllerRouterHandler, ...] = (show_attachment,)

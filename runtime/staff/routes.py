"""The staff channel: signing in, one's own account, and the console's pages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from runtime.kit.http import Http
from runtime.kit.problems import AppError
from runtime.kit.turns import Turns
from runtime.staff.building_pages import desk_of
from runtime.staff.fields import posted_fields
from runtime.staff.frame import (
    from_own_page_for,
    identify_for,
    on_app_error,
    principal_of_request,
)
from runtime.staff.pages import (
    alarms,
    aliases,
    aliases_known,
    audit,
    bank,
    bank_edit,
    bank_imports,
    bank_items,
    bank_tree,
    build,
    build_bank,
    build_begin,
    build_flow,
    build_json,
    build_parts,
    build_pictures,
    build_preview,
    build_rule,
    build_rules,
    build_scores,
    build_settings,
    build_texts,
    build_watch,
    department_changes,
    departments,
    dictionaries,
    help,
    home,
    imports,
    jobs,
    my_account,
    parameters,
    response_attachments,
    response_detail,
    response_files,
    responses,
    roles,
    search,
    sessions,
    sign_in,
    sign_in_stages,
    sites,
    survey_changes,
    survey_paper,
    survey_publish,
    survey_templates,
    survey_walks,
    surveys,
    users,
)
from runtime.wiring import Deployment

POSTED = {"fields": Provide(posted_fields)}
STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
PAGES = (
    home,
    responses,
    response_attachments,
    response_detail,
    response_files,
    surveys,
    build,
    build_bank,
    build_begin,
    build_rule,
    build_rules,
    build_flow,
    build_json,
    build_watch,
    build_parts,
    build_pictures,
    build_preview,
    build_scores,
    build_settings,
    survey_changes,
    survey_paper,
    survey_publish,
    survey_templates,
    survey_walks,
    build_texts,
    bank,
    bank_edit,
    bank_items,
    bank_tree,
    bank_imports,
    sites,
    departments,
    department_changes,
    aliases_known,
    aliases,
    dictionaries,
    imports,
    users,
    roles,
    sessions,
    audit,
    alarms,
    jobs,
    parameters,
    search,
    help,
    my_account,
)


def _served(name: str, content: bytes) -> ControllerRouterHandler:
    """A file of the console, open to all as it says nothing about anybody."""

    @get(f"/staff/{name}", name=f"staff_{name}", sync_to_thread=False, opt={"public": True})
    def file() -> Response[bytes]:
        return Response(content, media_type=MEDIA_TYPES[Path(name).suffix])

    return file


FILES = tuple(_served(path.name, path.read_bytes()) for path in sorted(STATIC.iterdir()))


def refusals(_deployment: Deployment) -> Mapping[str, Callable[[Http, AppError], Response[Any]]]:
    """The page that tells what went wrong where no page of ours was asked for."""
    return {"/staff": on_app_error}


def route_handlers(deployment: Deployment) -> list[ControllerRouterHandler]:
    """The staff channel's pages."""
    before = Router(
        "/",
        route_handlers=[*sign_in.handlers, *sign_in_stages.handlers, *FILES],
        dependencies=POSTED,
        exception_handlers={AppError: on_app_error},
        include_in_schema=False,
    )
    console = Router(
        "/",
        route_handlers=[handler for module in PAGES for handler in module.handlers],
        guards=[identify_for(deployment), from_own_page_for(deployment)],
        dependencies={
            **POSTED,
            "principal": Provide(principal_of_request, sync_to_thread=False),
            "desk": Provide(desk_of, sync_to_thread=True),
            "turn": Provide(Turns(1).take),
        },
        exception_handlers={AppError: on_app_error},
        include_in_schema=False,
    )
    return [before, console]

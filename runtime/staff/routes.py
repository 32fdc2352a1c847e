"""The staff channel: signing in, one's own account, and the console's pages."""

from pathlib import Path

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from runtime.kit.problems import AppError
from runtime.staff.frame import (
    from_own_page_for,
    identify_for,
    on_app_error,
    principal_of_request,
)
from runtime.staff.pages import (
    alarms,
    aliases,
    audit,
    build,
    build_begin,
    build_preview,
    build_texts,
    department_changes,
    departments,
    dictionaries,
    help,
    home,
    imports,
    jobs,
    my_account,
    parameters,
    response_files,
    responses,
    roles,
    search,
    sessions,
    sign_in,
    sites,
    survey_changes,
    survey_paper,
    surveys,
    users,
)
from runtime.wiring import Deployment

STATIC = Path(__file__).parent / "static"
STYLE = (STATIC / "console.css").read_text("utf-8")
PREVIEW_STYLE = (STATIC / "preview.css").read_text("utf-8")
PREVIEW_SCRIPT = (STATIC / "preview.js").read_text("utf-8")
BUILD_SCRIPT = (STATIC / "build.js").read_text("utf-8")
SIGN_IN_STYLE = (Path(__file__).parent / "templates/sign_in/sign-in.css").read_text("utf-8")
PAGES = (
    home,
    responses,
    response_files,
    surveys,
    build,
    build_begin,
    build_preview,
    survey_changes,
    survey_paper,
    build_texts,
    sites,
    departments,
    department_changes,
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


@get("/staff/console.css", sync_to_thread=False, opt={"public": True})
def style() -> Response[str]:
    """The console's style."""
    return Response(STYLE, media_type="text/css")


@get("/staff/build.js", sync_to_thread=False, opt={"public": True})
def build_script() -> Response[str]:
    """The builder's comforts."""
    return Response(BUILD_SCRIPT, media_type="text/javascript")


@get("/staff/preview.css", sync_to_thread=False, opt={"public": True})
def preview_style() -> Response[str]:
    """The preview's devices."""
    return Response(PREVIEW_STYLE, media_type="text/css")


@get("/staff/preview.js", sync_to_thread=False, opt={"public": True})
def preview_script() -> Response[str]:
    """What an answer changes in the preview, at once."""
    return Response(PREVIEW_SCRIPT, media_type="text/javascript")


@get("/staff/sign-in.css", sync_to_thread=False, opt={"public": True})
def sign_in_style() -> Response[str]:
    """The style of the pages about signing in."""
    return Response(SIGN_IN_STYLE, media_type="text/css")


FILES = (sign_in_style, style, build_script, preview_style, preview_script)


def route_handlers(deployment: Deployment) -> list[ControllerRouterHandler]:
    """The staff channel's pages."""
    before = Router(
        "/",
        route_handlers=[*sign_in.handlers, *FILES],
        dependencies=sign_in.dependencies,
        exception_handlers={AppError: on_app_error},
        include_in_schema=False,
    )
    console = Router(
        "/",
        route_handlers=[handler for module in PAGES for handler in module.handlers],
        guards=[identify_for(deployment), from_own_page_for(deployment)],
        dependencies={
            **sign_in.dependencies,
            "principal": Provide(principal_of_request, sync_to_thread=False),
        },
        exception_handlers={AppError: on_app_error},
        include_in_schema=False,
    )
    return [before, console]

"""huisheng render: one page of a survey as a channel shows it."""

import sys
from datetime import datetime

import click
import msgspec

import engine
from engine import journey
from engine.journey import Journey
from runtime.cli import _documents as documents


@click.command()
@click.argument("survey")
@click.option(
    "--channel", type=click.Choice(["web", "kiosk", "miniprogram"]), required=True, help="Renderer."
)
@click.option("--page", help="The page to draw (default: the first that is shown).")
@click.option("--answers", "answers_file", help="A JSON file with answers.")
@click.option("--context", "context_file", help="A JSON file with the session's context.")
@documents.today_option
@documents.language_option
def command(
    survey: str,
    channel: str,
    page: str | None,
    answers_file: str | None,
    context_file: str | None,
    today: datetime | None,
    lang: str,
) -> None:
    """Draw one page of SURVEY on standard output."""
    loaded = documents.load_survey(survey, lang)
    answers = documents.read_object(answers_file) if answers_file else {}
    context = documents.read_object(context_file) if context_file else {}
    day = documents.day(today)
    evaluation = loaded.evaluate(answers, context, day)
    place = _place(loaded, evaluation, page)
    view = engine.page_view(
        loaded,
        evaluation,
        place,
        answers,
        frame=engine.Frame(lang=lang, marks="all" if answers_file else "none"),
        context=context,
        today=day,
    )
    click.echo(draw(view, channel))


def _place(survey: engine.Survey, evaluation: engine.Evaluation, page: str | None) -> Journey:
    """The journey that stands on a page; ends the command where the page is not shown."""
    pages = journey.visible_pages(survey, evaluation)
    if page is None:
        return journey.start(survey, evaluation)
    if page not in survey.scope.page_index:
        known = ", ".join(survey.scope.page_index)
        click.echo(f"There is no page {page!r}; the survey has: {known}.", err=True)
        sys.exit(2)
    if page not in pages:
        shown = ", ".join(pages)
        click.echo(f"These answers do not lead to page {page!r}; they show: {shown}.", err=True)
        sys.exit(1)
    return Journey(page, pages[: pages.index(page)])


def draw(view: engine.PageView, channel: str) -> str:
    """The page as a channel's renderer writes it."""
    match channel:
        case "web":
            from renderers.web.render import render_page

            return render_page(view)
        case "kiosk":
            from renderers.kiosk.render import render_page as render_kiosk_page

            return render_kiosk_page(view)
        case _:
            return msgspec.json.encode(view).decode()

"""Two versions of a survey: what changed, which answers still fit, who is asked otherwise."""

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from engine.definition import Document
from engine.parse import parse
from runtime.kit.problems import NotFound
from runtime.responses.fits import Tally, tally
from runtime.staff.building_pages import Answer, OnDesk, drawn, shows
from runtime.staff.comparison import Telling
from runtime.surveys import queries
from runtime.surveys.queries import read_version
from runtime.wiring import Deployment

DRAFT = "draft"


@shows("/changes", "surveys:read")
def show(desk: OnDesk, old: FromQuery[str] = "", new: FromQuery[str] = "") -> Answer:
    """The newest version against the one before it, or any two."""
    deployment, survey = desk.deployment, desk.survey
    line = queries.get_line(deployment.db, survey)
    names = [str(one.version) for one in queries.list_versions(deployment.db, survey)]
    if queries.has_draft(deployment.db, survey):
        names.insert(0, DRAFT)
    new = new or (names[0] if names else DRAFT)
    later = names[names.index(new) + 1 :] if new in names else []
    old = old or (later[0] if later else new)
    if old not in names or new not in names:
        raise NotFound("survey", "There is no such version of this survey.")
    before, after = (_document(deployment, survey, one) for one in (old, new))
    telling = Telling(before, after, desk.lang)
    return drawn(
        desk,
        "changes",
        "survey_changes/changes.html",
        line=line,
        names=names,
        old=old,
        new=new,
        lines=telling.lines(),
        **telling.verdict(stored_answers(deployment, line.kind, survey, telling)),
        v=telling.say,
    )


def stored_answers(
    deployment: Deployment, kind: str, survey: str, telling: Telling
) -> Tally | None:
    """How many stored answers no longer fit; None where nobody may know how many there are."""
    doubtful = telling.doubtful()
    if not doubtful or kind == "whistleblow":
        return None
    return tally(deployment.db, survey, doubtful)


def _document(deployment: Deployment, survey: str, name: str) -> Document:
    if name == DRAFT:
        data = bytes(queries.get_survey(deployment.db, survey).document)
    else:
        data = read_version(deployment.db, survey, int(name))
    document = parse(data).document
    assert document is not None, "only what can be read is stored"
    return document


handlers: tuple[ControllerRouterHandler, ...] = (show,)

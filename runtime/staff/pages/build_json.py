"""The whole document as JSON: edited text is checked, faults told with their lines, never lost."""

import msgspec
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from builder.edits import Refused, Replace
from builder.lines import lines_of
from builder.tree import to_tree
from engine.problems import Problem
from runtime.drafts import service as drafts
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_posts import Outcome
from runtime.staff.frame import redirect
from runtime.surveys import findings

HERE = "/edit/json"
MAX_JSON = 2 * 1024 * 1024
SHOWN = 50
"""So many faults are told at once."""
WIDEST = 120


class Fault(Struct, frozen=True):
    """What is wrong, in which line (0: in none), how it begins, and where in the document."""

    sentence: str
    line: int = 0
    excerpt: str = ""
    at: str = ""


class Theirs(Struct, frozen=True):
    """What others changed since the text was begun: who, and which parts."""

    names: tuple[str, ...]
    parts: tuple[str, ...]


@shows(HERE)
def show_json(desk: OnDesk) -> Answer:
    """The document as JSON."""
    own = msgspec.json.format(msgspec.json.encode(to_tree(desk.document)), indent=2).decode()
    return _draw(desk, own)


def _draw(
    desk: Desk,
    text: str,
    *,
    faults: tuple[Fault, ...] = (),
    theirs: Theirs | None = None,
    status: int = 200,
) -> Answer:
    return drawn(
        desk,
        "json",
        "build/json.html",
        Outcome(status=status),
        document=text,
        seq=desk.draft.seq,
        faults=faults[:SHOWN],
        more=max(0, len(faults) - SHOWN),
        theirs=theirs,
    )


def _faults(desk: Desk, text: str, problems: tuple[Problem, ...]) -> tuple[Fault, ...]:
    """The problems in words, each with the line that it is about."""
    lines = text.split("\n")
    known = lines_of(text, {one.at for one in problems})
    found: list[Fault] = []
    for one, words in zip(problems, findings.words(problems, desk.lang), strict=True):
        number = one.params.get("line") if one.code == "malformed" else known.get(one.at)
        line = number if isinstance(number, int) and 0 < number <= len(lines) else 0
        excerpt = lines[line - 1].strip()[:WIDEST] if line else ""
        found.append(Fault(words.message, line, excerpt, one.at))
    return tuple(found)


@takes(HERE, request_max_body_size=4 * MAX_JSON)
def save_json(desk: OnDesk, fields: Sent) -> Answer:
    """Put the document in place of the draft once it has no errors; until then the text stays."""
    text = fields["document"].replace("\r\n", "\n")
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_JSON:
        return _draw(desk, text, faults=(Fault(desk.say("json_large")),), status=422)
    examined = findings.examine(data)
    if examined.document is None or examined.errors:
        faults = _faults(desk, text, examined.problems)
        return _draw(desk, text, faults=faults, status=422)
    if fields["seq"] != str(desk.draft.seq):
        theirs = _changed_since(desk, fields["seq"])
        return _draw(desk, text, theirs=theirs, status=409)
    try:
        tree = to_tree(examined.document)
        if tree != to_tree(desk.document):
            desk.apply(Replace(document=tree, was=to_tree(desk.document)))
    except Refused as refused:
        faults = _faults(desk, text, refused.problems)
        return _draw(desk, text, faults=faults, status=409)
    return redirect(desk.under(HERE), toast="saved")


def _changed_since(desk: Desk, seq: str) -> Theirs:
    """Who changed what since; a number that is none counts as the beginning."""
    since = int(seq) if seq.isascii() and seq.isdecimal() and len(seq) < 10 else 0
    done = drafts.history_of(desk.deployment.db, desk.survey, after=since, limit=SHOWN)
    parts = (str(getattr(one.edit, "of", "") or "").partition("/")[0] for one in done)
    names = dict.fromkeys(one.actor_name for one in done)
    return Theirs(tuple(names), tuple(dict.fromkeys(desk.name_of(part) for part in parts)))


handlers: tuple[ControllerRouterHandler, ...] = (show_json, save_json)

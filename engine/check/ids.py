"""Ids and names: spelled as they must be, each given once."""

import re
from collections.abc import Iterable, Iterator

from engine.check.subject import Subject
from engine.definition import RESERVED
from engine.problems import Problem, pointer
from engine.questions import Question
from engine.questions.cascade import Cascade

ID = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
CONTEXT_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63}){0,3}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
ASSET = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def ids(subject: Subject) -> Iterator[Problem]:
    """Of the document, of its parts, and within questions."""
    seen: set[str] = set()
    for at, name in _all_ids(subject):
        yield from _id_faults(at, name)
        if name in RESERVED:
            yield Problem("reserved_id", at, {"id": name})
        if name in seen:
            yield Problem("duplicate_id", at, {"id": name})
        seen.add(name)
    yield from _id_faults("/id", subject.document.id)
    for at, question in subject.placed_questions():
        yield from _inner_ids(at, question)


def _all_ids(subject: Subject) -> Iterator[tuple[str, str]]:
    document = subject.document
    for p, page in enumerate(document.pages):
        yield f"/pages/{p}/id", page.id
        for q, question in enumerate(page.questions):
            yield f"/pages/{p}/questions/{q}/id", question.id
    for member in ("computed", "scores", "endings", "alerts", "walks"):
        for i, part in enumerate(getattr(document, member)):
            yield f"/{member}/{i}/id", part.id


def _inner_ids(at: str, question: Question) -> Iterator[Problem]:
    for member in ("options", "rows"):
        parts = getattr(question, member, ())
        places = [(f"{at}/{member}/{i}/id", part.id) for i, part in enumerate(parts)]
        yield from _unique(places)
        if member == "rows":
            for place, name in places:
                if name == "count":
                    yield Problem("reserved_id", place, {"id": name})
    if isinstance(question, Cascade):
        yield from _unique((f"{at}{place}/id", node.id) for place, node in question.walk())


def languages(subject: Subject) -> Iterator[Problem]:
    """Of the languages that the texts are in."""
    seen: set[str] = set()
    for i, language in enumerate(subject.document.languages):
        if not LANGUAGE.fullmatch(language):
            yield Problem("bad_language", f"/languages/{i}", {"value": language})
        if language in seen:
            yield Problem("duplicate_id", f"/languages/{i}", {"id": language})
        seen.add(language)


def context(subject: Subject) -> Iterator[Problem]:
    """Of what is declared to be known before: names, options and limits."""
    for name, field in subject.document.context.items():
        at = pointer("context", name)
        if not CONTEXT_NAME.fullmatch(name):
            yield Problem("bad_id", at, {"id": name})
        ref = subject.scope.refs.get(name.split(".")[0])
        if ref is not None and ref.source in ("question", "computed"):
            yield Problem("duplicate_id", at, {"id": name})
        if name == "today" or name.startswith("score."):
            yield Problem("reserved_id", at, {"id": name})
        if field.type == "choice" and not field.values:
            yield Problem("no_options", f"{at}/values")
        if field.min is not None and field.max is not None and field.min > field.max:
            yield Problem("bad_range", f"{at}/max")


def assets(subject: Subject) -> Iterator[Problem]:
    """Of the pictures that questions and options show."""
    for at, question in subject.placed_questions():
        for i, media in enumerate(question.media):
            yield from _asset_faults(f"{at}/media/{i}/asset", media.asset)
        for i, option in enumerate(getattr(question, "options", ())):
            if getattr(option, "image", None) is not None:
                yield from _asset_faults(f"{at}/options/{i}/image", option.image)


def _asset_faults(at: str, asset: str) -> Iterator[Problem]:
    if not ASSET.fullmatch(asset):
        yield Problem("bad_asset", at, {"value": asset})


def _id_faults(at: str, name: str) -> Iterator[Problem]:
    if not ID.fullmatch(name):
        yield Problem("bad_id", at, {"id": name})


def _unique(places: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, name in places:
        yield from _id_faults(at, name)
        if name in seen:
            yield Problem("duplicate_id", at, {"id": name})
        seen.add(name)

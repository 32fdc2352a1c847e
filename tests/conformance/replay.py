"""Replays a conformance file through the engine and says in which members the two differ.

A file shows one clause of the design by example. It holds a `survey` with `cases` (answers and what
they come to; of problems only `code` and `at` are compared, every other member whole, in any order
only where the design gives none: `problems`, `context_problems`, `dropped`), or a faulty document
(`survey`, or raw `text`) with all of its `expect_problems`. A file in `journeys/` holds `steps`:
what a patient does (`start`, `next`, `back`) with which answers, and what the server comes to.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

import engine
from engine import journey

FOLDER = Path(__file__).parent
UNORDERED = {"problems", "context_problems", "dropped"}


@dataclass(frozen=True)
class Case:
    """One case of a conformance file; a faulty document is a file of one case."""

    file: str
    name: str
    body: dict[str, Any]
    whole: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}" if self.name else self.file


def files() -> dict[str, dict[str, Any]]:
    """File name without suffix → content, in the order of names."""
    return {p.stem: json.loads(p.read_text("utf-8")) for p in sorted(FOLDER.glob("*.json"))}


def cases() -> list[Case]:
    """All cases of all files."""
    found: list[Case] = []
    for path in sorted((FOLDER / "journeys").glob("*.json")):
        whole = json.loads(path.read_text("utf-8"))
        found.append(Case(f"journeys/{path.stem}", "", whole, whole))
    for name, whole in files().items():
        if "cases" in whole:
            found += [Case(name, body["name"], body, whole) for body in whole["cases"]]
        else:
            found.append(Case(name, "", whole, whole))
    return found


def document_bytes(whole: dict[str, Any]) -> bytes:
    """The survey of a file as it would arrive."""
    if "text" in whole:
        return whole["text"].encode()
    return json.dumps(whole["survey"], ensure_ascii=False).encode()


def differences(case: Case, survey: Any = None) -> list[str]:
    """What differs between the file and the engine; nothing where they agree.

    `survey` saves loading the same survey again.
    """
    if "expect_problems" in case.whole:
        return list(_document_differences(case.whole))
    if survey is None:
        survey = engine.load(document_bytes(case.whole))
    if "steps" in case.whole:
        return list(_journey_differences(case.whole, survey))
    today = case.whole.get("today")
    day = date.fromisoformat(today) if today else None
    context = case.body.get("context")
    evaluation = survey.evaluate(case.body["answers"], context, day)
    plain: dict[str, Any] = msgspec.to_builtins(evaluation)
    found = list(_compare(case.body["expect"], plain))
    found += _explanation_differences(case.whole["survey"], survey, evaluation, context, day)
    found += _walk_differences(case.whole["survey"], survey, evaluation)
    if "view" in case.body:
        found += _view_differences(case.body, survey, day)
    return found


def _compare(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    for member, value in expected.items():
        wanted, actual = _normal(member, value), _normal(member, got[member])
        if not same(wanted, actual):
            yield f"{member}: expected {wanted!r}, got {actual!r}"


def _normal(member: str, value: Any) -> Any:
    if member.endswith("problems"):
        value = [{"code": p["code"], "at": p["at"]} for p in value]
    if member in UNORDERED:
        return sorted(value, key=str)
    return value


def same(a: Any, b: Any) -> bool:
    """Equal as JSON: 2 and 2.0 are the same number, true and 1 are not the same value."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def _loads(data: bytes) -> bool:
    try:
        return engine.load(data) is not None
    except engine.Rejected:
        return False


def _holds(part: Any, whole: Any) -> bool:
    """As `same`, but of an object only the members that `part` names count."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _holds(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_holds, part, whole))
    return same(part, whole)


def _document_differences(whole: dict[str, Any]) -> Iterator[str]:
    parsed = engine.parse(document_bytes(whole))
    found = engine.check_parsed(parsed)
    sound = parsed.document if not parsed.problems else None
    if sound is not None and engine.check(sound) != found:
        yield "check: differs from what check_parsed finds"
    errors = [p for p in found if p.severity == "error"]
    wanted = sorted((p["at"], p["code"]) for p in whole["expect_problems"])
    got = sorted((p.at, p.code) for p in errors)
    if _loads(document_bytes(whole)) == bool(wanted):
        yield "load: takes what check refuses, or the other way round"
    if wanted != got:
        yield f"problems: expected {wanted}, got {got}"


def _explanation_differences(
    document: dict[str, Any],
    survey: Any,
    evaluation: Any,
    context: dict[str, Any] | None,
    day: date | None,
) -> Iterator[str]:
    """Explanations walk the rules on their own, so they are held against the evaluation (4.12)."""
    values = engine.Values(survey, evaluation, context, day.isoformat() if day else None)
    missing = {p.at.split("/")[1] for p in evaluation.problems if p.code == "required"}
    for told in engine.explain(survey, values):
        asked = told.question in evaluation.asked
        if (told.state == "asked") != asked or (told.question in missing and not told.required):
            yield f"explain {told.question}: {told.state}, required {told.required}"
        if not _is_reason(told, document):
            yield f"explain {told.question}: {told.state} because of {told.reasons}"
    for told in engine.derive_scores(survey, values):
        if not same(told.value, evaluation.scores[told.score].value):
            yield f"derivation of {told.score}: {told.value}"
        if (
            sum(m.points is not None for m in told.members)
            != evaluation.scores[told.score].answered
        ):
            yield f"derivation of {told.score}: {told.members}"


def _is_reason(told: Any, document: dict[str, Any]) -> bool:
    """Whether the rules that are named account for what is told."""
    own = [r.result for r in told.reasons if r.at.endswith("/show_if")]
    binding = [r.result for r in told.reasons if r.at.endswith("/required")]
    jumps = [r for r in told.reasons if r.at.endswith("/if")]
    match told.state:
        case "asked":
            is_bound = binding in ([], [True]) if told.required else True not in binding
            return all(result is True for result in own) and is_bound and not jumps
        case "hidden":
            return own[-1] is not True and not told.required and not jumps
        case _:
            pages = {r.at.split("/")[2] for r in jumps}
            jumped = all(r.result is True for r in jumps) and len(pages) == len(jumps)
            always = any("if" not in to for p in document["pages"] for to in p.get("next", ()))
            unseen = own != [] and own[0] is not True
            return not told.required and jumped and bool(jumps or always or unseen)


def _walk_differences(document: dict[str, Any], survey: Any, evaluation: Any) -> Iterator[str]:
    """`next` leads through the pages that show something, up to the first with a problem (7)."""
    asked, faulty = set(evaluation.asked), {p.at.split("/")[1] for p in evaluation.problems}
    questions = {page["id"]: [q["id"] for q in page["questions"]] for page in document["pages"]}
    pages = [page for page in evaluation.path if asked & set(questions[page])]
    place = journey.start(survey, evaluation)
    for number, page in enumerate(pages):
        if place.page != page:
            yield f"journey: expected {page}, got {place.page}"
            return
        wanted = "problems" if faulty & set(questions[page]) else "moved"
        if wanted == "moved" and page == pages[-1]:
            wanted = "at_end"
        earlier = pages[number - 1] if number else page
        if journey.back(survey, evaluation, place).page != earlier:
            yield f"journey: back from {page} does not lead to {earlier}"
        step = journey.advance(survey, evaluation, place)
        if step.outcome != wanted:
            yield f"journey: expected {wanted} on {page}, got {step.outcome}"
        if wanted != "moved":
            return
        place = step.journey


def _journey_differences(whole: dict[str, Any], survey: Any) -> Iterator[str]:
    answers: dict[str, Any] = {}
    place = journey.Journey()
    for number, step in enumerate(whole["steps"]):
        given = step.get("answers", {})
        answers = {k: v for k, v in (answers | given).items() if v is not None}
        context = step.get("context")
        evaluation = survey.evaluate(answers, context, None, step.get("known"))
        outcome: Any = None
        match step["do"]:
            case "start":
                place = journey.start(survey, evaluation)
            case "next":
                result = journey.advance(survey, evaluation, place, given)
                outcome, place = result.outcome, result.journey
            case "back":
                place = journey.back(survey, evaluation, place)
            case _:
                place = journey.settle(survey, evaluation, place)
        marks = "all" if outcome == "problems" else "bad"
        lang = whole.get("lang", "zh-CN")
        stays = {"moved": False} if outcome in ("again", "problems") else {}
        frame = engine.Frame(marks=marks, lang=lang, seed=whole.get("seed", ""), **stays)
        view = engine.page_view(survey, evaluation, place, answers, frame=frame, context=context)
        done = engine.done_view(survey, evaluation, frame=frame)
        asked = [survey.scope.questions[name] for name in evaluation.asked]
        told: dict[str, Any] = {
            "privacy": {q.id: q.effective_privacy for q in asked},
            "view": msgspec.to_builtins(view),
            "done": msgspec.to_builtins(done),
            "outcome": outcome,
            "page": place.page,
            "number": view.page.number if view.page else None,
            "action": view.action,
            "can_go_back": view.can_go_back,
            "progress": view.progress,
            "questions": [q.id for q in view.questions],
            "refresh": [q.id for q in view.questions if q.refresh],
            "marked": [q.id for q in view.questions if q.problem],
            "problems": sorted(p.at for p in evaluation.problems),
            "ending": done.done and done.done.text,
        }
        for member, value in step["expect"].items():
            if not _holds(value, told[member]):
                yield f"step {number} {member}: expected {value!r}, got {told[member]!r}"


def _view_differences(body: dict[str, Any], survey: Any, day: date | None) -> Iterator[str]:
    view = page_view(body, survey, day)
    wanted = body["view"]["questions"]
    ids = [q["id"] for q in view["questions"]]
    if "required" in wanted[0] and ids != [q["id"] for q in wanted]:
        yield f"view: expected questions {[q['id'] for q in wanted]}, got {ids}"
        return
    shown = {q["id"]: q for q in view["questions"]}
    for question in wanted:
        for member, value in question.items():
            got = seen(shown[question["id"]], member)
            if not same(value, got):
                yield f"view {question['id']}.{member}: expected {value!r}, got {got!r}"


def seen(question: dict[str, Any], member: str) -> Any:
    """A member of a question's view as the files write it: options as ids, problem as its code."""
    value = question.get(member)
    if member == "options" and value is not None:
        return [o["id"] for o in value]
    if member == "problem" and value is not None:
        return value["code"]
    return value


def page_view(body: dict[str, Any], survey: Any, day: date | None) -> dict[str, Any]:
    """The page view of a case's page with all problems marked."""
    answers, context = body["answers"], body.get("context")
    evaluation = survey.evaluate(answers, context, day)
    view = engine.page_view(
        survey,
        evaluation,
        journey.Journey(body["view"]["page"]),
        answers,
        frame=engine.Frame(lang=body["view"]["lang"], marks="all"),
        context=context,
        today=day,
    )
    return msgspec.to_builtins(view)


def failing(some: Iterable[Case]) -> Iterator[tuple[Case, list[str]]]:
    """The cases that differ, with what differs; a crash differs too."""
    surveys: dict[str, Any] = {}
    for case in some:
        try:
            if "survey" in case.whole and "expect_problems" not in case.whole:
                surveys.setdefault(case.file, None)
            if case.file in surveys and surveys[case.file] is None:
                surveys[case.file] = engine.load(document_bytes(case.whole))
            found = differences(case, surveys.get(case.file))
        except Exception as error:  # a crash is what we look for
            found = [f"{type(error).__name__}: {error}"]
        if found:
            yield case, found

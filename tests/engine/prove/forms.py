"""Writes tiny surveys for tests of proofs."""

from typing import Any

import msgspec

import engine
from engine.prove import Findings, prove

Json = dict[str, Any]


def rating(name: str, **members: Any) -> Json:
    """A rating from 1 to 5."""
    return {"id": name, "type": "rating", "text": "t", **members}


def choice(name: str, *options: Json | str, kind: str = "single_choice", **members: Any) -> Json:
    """A choice of options, each an id or an object."""
    full = [o if isinstance(o, dict) else {"id": o, "text": "t"} for o in options]
    return {"id": name, "type": kind, "text": "t", "options": full, **members}


def page(name: str, *questions: Json, **members: Any) -> Json:
    """A page."""
    return {"id": name, "questions": list(questions), **members}


def survey(*pages: Json, **members: Any) -> engine.Survey:
    """The compiled survey of these pages."""
    document = {
        "format": "huisheng.survey/1", "id": "s", "title": "t", "languages": ["zh-CN"],
        "kind": "survey", "pages": list(pages), **members,
    }  # fmt: skip
    return engine.load(msgspec.json.encode(document))


def proved(made: engine.Survey, seconds: float = 5.0) -> Findings:
    """The findings, after every witness was replayed by the engine."""
    found = prove(made.document, seconds)
    for name, witness in found.witnesses.items():
        if "answers" in witness:
            said = made.evaluate(witness["answers"], witness["context"], witness["today"])
            assert said.complete or name.startswith("dead_ends."), (name, witness)
            _shows(name, said)
    return found


def _shows(name: str, said: engine.Evaluation) -> None:
    kind, _, what = name.partition(".")
    match kind:
        case "pages":
            assert what in said.path
        case "endings":
            assert what == said.ending
        case "dead_ends":
            assert what in said.asked
        case _:
            pass


def is_(ref: str, value: Any, op: str = "eq") -> Json:
    """A comparison with a literal."""
    return {"op": op, "ref": ref, "value": value}


def all_(*of: Json) -> Json:
    """A conjunction."""
    return {"op": "all", "of": list(of)}

"""Reading documents and answers for the commands that work on files."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any, cast

import click
import msgspec

import engine
from engine.parse import Malformed, decode_json
from engine.problems import Problem
from runtime.kit.clock import hospital_day, system_clock

MAX_ANSWER_BYTES = 8 * 1024 * 1024

language_option = click.option(
    "--lang", type=click.Choice(engine.LANGUAGES), default="zh-CN", help="Language of messages."
)
today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="The day that `today` means (default: the hospital's).",
)


def day(today: Any) -> date:
    """The day given on the command line, else the hospital's own."""
    return today.date() if today is not None else hospital_day(system_clock())


def load_survey(path: str, lang: str) -> engine.Survey:
    """The survey of a file; ends the command with exit 1 and its problems where it has errors."""
    parsed = engine.parse(read_bytes(path))
    problems = engine.check_parsed(parsed)
    if problems or parsed.document is None:
        for problem in problems:
            click.echo(line(path, problem, lang), err=True)
        sys.exit(1)
    return engine.compile_survey(parsed.document)


def read_bytes(path: str) -> bytes:
    """The bytes of a file, `-` for standard input; ends the command where it cannot be read."""
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        click.echo(f"{path}: {error.strerror}", err=True)
        sys.exit(2)


def read_object(path: str) -> dict[str, Any]:
    """The JSON object of a file; ends the command with a sentence where there is none."""
    try:
        return object_of(read_bytes(path))
    except Malformed as error:
        click.echo(f"{path}: {engine.word(error.problem, 'en')}", err=True)
        sys.exit(1)


def object_of(data: bytes) -> dict[str, Any]:
    """A JSON object; raises Malformed for anything else."""
    value, problems = decode_json(data, MAX_ANSWER_BYTES)
    if problems:
        raise Malformed(problems[0].code, **problems[0].params)
    if not isinstance(value, dict):
        raise Malformed("wrong_type", expected="object")
    return cast(dict[str, Any], value)


def described(problem: Problem, lang: str) -> dict[str, Any]:
    """A problem as commands print it in JSON."""
    told = {"code": problem.code, "at": problem.at, "severity": problem.severity}
    return {**told, "message": engine.word(problem, lang)}


def line(path: str, problem: Problem, lang: str) -> str:
    """A problem on one line: file, place, severity, code, words."""
    place = problem.at or "/"
    return f"{path}: {place}: {problem.severity} {problem.code}: {engine.word(problem, lang)}"


def evaluation_json(evaluation: engine.Evaluation, lang: str) -> dict[str, Any]:
    """An evaluation as plain data, its problems with their words (design 4.12)."""
    plain: dict[str, Any] = msgspec.to_builtins(evaluation)
    for member in ("problems", "context_problems"):
        plain[member] = [
            {"code": p.code, "at": p.at, "message": engine.word(p, lang)}
            for p in getattr(evaluation, member)
        ]
    return plain


def print_json(value: Any, indent: int | None = 2) -> None:
    """Writes JSON with Chinese as it is."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))

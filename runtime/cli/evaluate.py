"""huisheng evaluate: what the engine says of answers to a survey."""

import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

import click
import msgspec

import engine
from engine.parse import Malformed
from engine.questions.moments import is_date
from runtime.cli import _documents as documents

ENVELOPE = {"answers", "context", "today"}


@click.command()
@click.argument("survey")
@click.argument("answers", required=False)
@click.option("--context", "context_file", help="A JSON file with the session's context.")
@click.option("--explain", is_flag=True, help="Say which rule, with which values, decided what.")
@click.option("--jsonl", is_flag=True, help="Read one answers object a line from standard input.")
@documents.today_option
@documents.language_option
def command(
    survey: str,
    answers: str | None,
    context_file: str | None,
    explain: bool,
    jsonl: bool,
    today: datetime | None,
    lang: str,
) -> None:
    """Evaluate ANSWERS (a JSON file, - for standard input) against SURVEY."""
    if jsonl == (answers is not None):
        raise click.UsageError("Give either ANSWERS or --jsonl, one of the two.")
    loaded = documents.load_survey(survey, lang)
    context = documents.read_object(context_file) if context_file else {}
    job = _Job(loaded, context, documents.day(today), explain, lang)
    if answers is not None:
        documents.print_json(job.told(documents.read_object(answers)))
    elif not job.lines():
        sys.exit(1)


class _Job:
    def __init__(
        self,
        survey: engine.Survey,
        context: Mapping[str, Any],
        today: date,
        explain: bool,
        lang: str,
    ) -> None:
        self.survey = survey
        self.context = context
        self.today = today.isoformat()
        self.explain = explain
        self.lang = lang

    def told(
        self,
        answers: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        today: str | None = None,
    ) -> dict[str, Any]:
        """The evaluation of one set of answers as plain data."""
        context = self.context if context is None else context
        today = today or self.today
        evaluation = self.survey.evaluate(answers, context, today)
        told = documents.evaluation_json(evaluation, self.lang)
        if self.explain:
            values = engine.Values(self.survey, evaluation, context, today)
            told["explain"] = msgspec.to_builtins(
                {
                    "questions": engine.explain(self.survey, values),
                    "scores": engine.derive_scores(self.survey, values),
                }
            )
        return told

    def lines(self) -> bool:
        """One evaluation a line of standard input; whether every line could be read."""
        all_read = True
        for raw in sys.stdin.buffer:
            if not raw.strip():
                continue
            try:
                told = self.told(*_envelope(documents.object_of(raw)))
            except Malformed as error:
                all_read = False
                told = {"error": engine.word(error.problem, self.lang)}
            documents.print_json(told, indent=None)
        return all_read


def _envelope(
    value: dict[str, Any],
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None, str | None]:
    """Answers, context and day of a line; `answers` is a reserved id, so that a line with it is an
    envelope."""
    if "answers" not in value:
        return value, None, None
    unknown = value.keys() - ENVELOPE
    answers, context = value["answers"], value.get("context")
    today = value.get("today")
    if unknown:
        raise Malformed("unknown_key", key=min(unknown))
    if not isinstance(answers, dict) or not isinstance(context, dict | None):
        raise Malformed("wrong_type", expected="object")
    if today is not None and not is_date(today):
        raise Malformed("bad_date")
    told = cast(dict[str, Any], answers), cast(dict[str, Any] | None, context)
    return *told, today

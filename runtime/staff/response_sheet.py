"""Responses as the rows of a spreadsheet: what a column is called, and what a cell says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from engine.text import localize
from runtime.audit.export import neutral_cell
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.words import say
from runtime.staff import queries
from runtime.staff.answers import answer_text, question_text, score_values
from runtime.surveys.cache import Form
from runtime.wiring import Deployment

MAX_CELL = 32_767  # Excel's own limit of a cell's text
HEADINGS = ("submitted", "id", "survey", "version", "site", "department", "channel", "language")
Row = list[str | float | None]


class Sheet:
    """The columns of a file: the same for all, then scores and questions of the chosen survey."""

    def __init__(self, deployment: Deployment, survey: str, versions: Sequence[int], lang: str):
        self._deployment = deployment
        self.lang = lang
        forms = [deployment.surveys.get(survey, version) for version in versions]
        self._scores = _first_named((s.id, s, f) for f in forms for s in f.survey.document.scores)
        self._questions = _first_named(
            (name, question, form)
            for form in forms
            for name, question in form.questions.items()
            if name not in form.personal_ids
        )

    def headings(self) -> Row:
        """The first row."""
        words: Row = [say(f"responses_{name}", self.lang) for name in HEADINGS]
        for name, (score, form) in self._scores.items():
            first = form.survey.document.languages[0]
            words.append(localize(score.title, self.lang, first) or name)
        words += [
            question_text(form, name, self.lang) for name, (_, form) in self._questions.items()
        ]
        return [neutral(word) for word in words]

    def row(self, one: queries.Exported, names: Mapping[str, str]) -> Row:
        """A response: numbers as numbers, everything else as text that no spreadsheet runs; `names`
        are what dictionaries call the ids that were answered.
        """
        line, lang = one.line, self.lang
        form = self._deployment.surveys.get(line.survey, line.version)
        first = form.survey.document.languages[0]
        cells: Row = [
            line.submitted_at.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            line.id,
            localize(line.title, lang),
            float(line.version),
            localize(line.site_name, lang) or line.site,
            localize(line.department_name, lang),
            say(f"responses_channel_{line.channel}", lang),
            one.lang,
        ]
        values = {s.id: v for s, (_, v) in zip(form.survey.document.scores,
                  score_values(line, form, lang), strict=True)}  # fmt: skip
        cells += [values.get(name) for name in self._scores]
        for name in self._questions:
            question = form.questions.get(name)
            cells.append(_answer(one.answers.get(name), question, lang, first, names))
        return [neutral(cell) for cell in cells]


def _first_named(found: Iterable[tuple[str, Any, Form]]) -> dict[str, tuple[Any, Form]]:
    """Each name with what the newest version says of it."""
    kept: dict[str, tuple[Any, Form]] = {}
    for name, part, form in found:
        kept.setdefault(name, (part, form))
    return kept


def _answer(
    value: Any, question: Any, lang: str, first: str, names: Mapping[str, str]
) -> str | float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return answer_text(value, question, lang, first, names)


def neutral(cell: str | float | None) -> str | float | None:
    """A cell without control characters, no longer than a spreadsheet takes, never a formula."""
    if not isinstance(cell, str):
        return cell
    return neutral_cell(ILLEGAL_CHARACTERS_RE.sub("", cell))[:MAX_CELL]

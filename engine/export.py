"""One response as one row of a table: the same columns for every response of a survey version."""

from typing import Any

from engine.evaluation import Evaluation
from engine.survey import Survey


def export_row(survey: Survey, evaluation: Evaluation) -> dict[str, Any]:
    """Cells by column: questions (several columns where a type needs them), computed values,
    `score.<id>`, `ending`. A question that was not asked or not answered leaves its cells None."""
    row: dict[str, Any] = {}
    for name, question in survey.scope.questions.items():
        row.update(question.cells(evaluation.answers.get(name)))
    row.update(evaluation.computed)
    row.update({f"score.{name}": score.value for name, score in evaluation.scores.items()})
    row["ending"] = evaluation.ending
    return row


def export_columns(survey: Survey) -> tuple[str, ...]:
    """The columns of `export_row`, in its order."""
    return tuple(export_row(survey, survey.evaluate({})))

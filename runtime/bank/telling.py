"""What is told of an import's rows, in words: where, what is wrong, what to do."""

import csv
import io
from collections.abc import Sequence

from engine.problems import Problem, word
from runtime.audit.export import neutral_cell
from runtime.bank.columns import heading_of
from runtime.bank.importing import Counts
from runtime.bank.reading import RowProblem
from runtime.kit.words import catalogue, say

REPORT_COLUMNS = ("sheet", "row", "column", "kind", "code", "what")


def what(problem: RowProblem, lang: str) -> str:
    """What is wrong and what to do; unreadable files are worded as all tables are."""
    if problem.of_engine:
        return word(Problem(problem.code, "", problem.params), lang)
    words = catalogue(lang)
    for code in (f"bank_import_{problem.code}", problem.code, f"org_import_{problem.code}"):
        if code in words:
            return say(code, lang, **problem.params)
    return problem.code


def column(problem: RowProblem, lang: str) -> str:
    """The heading of the column, or the member of a JSON line."""
    return heading_of(problem.column, lang) if problem.column else ""


def line(problem: RowProblem, lang: str) -> str:
    """One line: sheet, row, column, code, sentence."""
    where = ""
    if problem.sheet:
        where += say("bank_import_at_sheet", lang, sheet=problem.sheet)
    if problem.row:
        where += say("org_import_row", lang, row=problem.row)
    if problem.column:
        where += say("org_import_column", lang, column=column(problem, lang))
    return f"{where}[{problem.code}] {what(problem, lang)}"


def summary(counts: Counts, lang: str) -> str:
    """The counts in a line."""
    return say(
        "bank_import_counts", lang, **{n: getattr(counts, n) for n in counts.__struct_fields__}
    )


def as_csv(problems: Sequence[RowProblem], lang: str) -> bytes:
    """The report as a table for a spreadsheet."""
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow([say(f"bank_report_{one}", lang) for one in REPORT_COLUMNS])
    for one in problems:
        kind = say(f"bank_kind_{one.kind}", lang)
        cells = (one.sheet, str(one.row or ""), column(one, lang), kind, one.code, what(one, lang))
        out.writerow([neutral_cell(cell) for cell in cells])
    return file.getvalue().encode("utf-8-sig")

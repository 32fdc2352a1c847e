"""huisheng check: all problems and proofs of survey documents, one a line."""

import sys

import click

import engine
from engine.problems import Problem
from engine.prove import prove, warnings
from runtime.cli import _documents as documents

PROOF_SECONDS = 5.0


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@documents.language_option
def command(files: tuple[str, ...], as_json: bool, lang: str) -> None:
    """Check and prove survey FILES; exit 1 where one has an error."""
    found = [(path, problem) for path in files for problem in problems_of(path)]
    if as_json:
        told = [{"file": path, **documents.described(p, lang)} for path, p in found]
        documents.print_json({"problems": told})
    else:
        for path, problem in found:
            click.echo(documents.line(path, problem, lang))
    if any(problem.severity == "error" for _, problem in found):
        sys.exit(1)


def problems_of(path: str) -> tuple[Problem, ...]:
    """Errors of a file; where there are none, the warnings of its proof and broken walks."""
    parsed = engine.parse(documents.read_bytes(path))
    problems = engine.check_parsed(parsed)
    if problems or parsed.document is None:
        return problems
    survey = engine.compile_survey(parsed.document)
    return (*engine.run_walks(survey), *warnings(prove(parsed.document, PROOF_SECONDS)))

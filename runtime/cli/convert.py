"""huisheng convert: forms of other systems in, ours out, with a report of what was lost."""

import json
import sys
from pathlib import Path
from typing import Any

import click

import interchange
from interchange import report as reports
from runtime.cli import _documents as documents


@click.command()
@click.option("--from", "source", type=click.Choice(interchange.SOURCES), required=True,
              help="Format of IN.")  # fmt: skip
@click.option("--to", "target", type=click.Choice(interchange.TARGETS), default="huisheng",
              show_default=True, help="Format of OUT.")  # fmt: skip
@click.argument("in_", metavar="IN")
@click.option("-o", "--output", "out", default="-", metavar="OUT",
              help="Where to write the result (default: standard output).")  # fmt: skip
@click.option("--report", "report_file", default=None, metavar="FILE",
              help="Where to write the losses (default: told on standard error).")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 and write no OUT where anything is lost.")
@click.option("--text-language", default=None, metavar="TAG",
              help="Language of texts that name none, such as zh-CN.")  # fmt: skip
@documents.language_option
def command(
    source: str,
    target: str,
    in_: str,
    out: str,
    report_file: str | None,
    strict: bool,
    text_language: str | None,
    lang: str,
) -> None:
    """Convert the form in the file IN (`-`: standard input).

    Exit 1 where nothing could be made of it, or with --strict where anything was lost.
    """
    conversion = interchange.convert(documents.read_bytes(in_), source, target, text_language)
    told = interchange.summary(conversion, source, target, lang)
    if report_file is not None:
        _write(report_file, told)
    else:
        for loss in told["losses"]:
            click.echo(_line(in_, loss), err=True)
    made = _made(conversion)
    if made is None or (strict and not conversion.is_lossless):
        sys.exit(1)
    _write(out, made)


def _made(conversion: interchange.Conversion) -> dict[str, Any] | None:
    if conversion.resource is not None:
        return conversion.resource
    return None if conversion.document is None else reports.written(conversion.document)


def _line(path: str, loss: dict[str, Any]) -> str:
    what = f" ({loss['what']})" if loss["what"] else ""
    words = f"{loss['why']}{what} {loss['do']}"
    return f"{path}: {loss['at'] or '/'}: {loss['kind']} {loss['code']}: {words}"


def _write(path: str, value: Any) -> None:
    if path == "-":
        documents.print_json(value)
        return
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        click.echo(f"{path}: {error.strerror}", err=True)
        sys.exit(2)

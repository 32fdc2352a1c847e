"""huisheng convert: forms of other systems in, ours out, with a report of what was lost."""

import json
import sys
from pathlib import Path
from typing import Any

import click

import interchange
from interchange import report as reports
from interchange.bundle import packed
from interchange.fhir import NotEqual
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
@click.option("--not-equal", type=click.Choice(["lforms", "smart-forms"]), default="lforms",
              show_default=True,
              help="Whose reading of FHIR's != counts where there is no answer.")  # fmt: skip
@documents.language_option
def command(
    source: str,
    target: str,
    in_: str,
    out: str,
    report_file: str | None,
    strict: bool,
    text_language: str | None,
    not_equal: NotEqual,
    lang: str,
) -> None:
    """Convert the form in the file IN (`-`: standard input).

    An OUT that ends in .zip is a bundle: the document with the pictures that stood inside IN; a
    bundle may be IN where it is ours.
    Exit 1 where nothing could be made of it, or with --strict where anything was lost.
    """
    data = documents.read_bytes(in_)
    conversion = interchange.convert(data, source, target, text_language, not_equal)
    told = interchange.summary(conversion, source, target, lang)
    if report_file is not None:
        _write(report_file, told)
    else:
        for loss in told["losses"]:
            click.echo(_line(in_, loss), err=True)
    made = _made(conversion)
    if made is None or (strict and not conversion.is_lossless):
        sys.exit(1)
    _write(out, made, conversion.assets)


def _made(conversion: interchange.Conversion) -> dict[str, Any] | None:
    if conversion.resource is not None:
        return conversion.resource
    return None if conversion.document is None else reports.written(conversion.document)


def _line(path: str, loss: dict[str, Any]) -> str:
    what = f" ({loss['what']})" if loss["what"] else ""
    words = f"{loss['why']}{what} {loss['do']}"
    return f"{path}: {loss['at'] or '/'}: {loss['kind']} {loss['code']}: {words}"


def _write(path: str, value: Any, assets: dict[str, bytes] | None = None) -> None:
    if path == "-":
        documents.print_json(value)
        return
    written = (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
    if path.endswith(".zip"):
        written = packed(written, assets or {})
    try:
        Path(path).write_bytes(written)
    except OSError as error:
        click.echo(f"{path}: {error.strerror}", err=True)
        sys.exit(2)

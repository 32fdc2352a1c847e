"""Takes documents that others publish through the readers and prints what becomes of them.

`python -m tests.interchange.published [FOLDER…]`: the documents that installed packages carry, and
those of further folders (a checkout of pyxform, lforms or survey-library), a line for each source,
then what is lost most often.
"""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyxform

import engine
from interchange import convert, summary
from interchange.node import is_list, is_object
from tests.interchange.workbooks import workbook

ROOT = Path(__file__).resolve().parents[2]
SURVEY_CORE = ROOT / "node_modules/survey-core"
MEMBERS = ("documents", "elements", "carried", "lost", "refused")
_BLOCK = re.compile(r"```(?:json|js|ts)?\n(.*?)```", re.DOTALL)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_FORM = frozenset(("pages", "elements"))


def of_markdown(folder: Path) -> Iterator[bytes]:
    """The JSON of SurveyJS guides: whole forms, and elements that are made into one."""
    for path in sorted(folder.rglob("*.md")):
        for block in _BLOCK.findall(path.read_text("utf-8")):
            try:
                value: Any = json.loads(_COMMENT.sub("", block))
            except ValueError:
                continue
            yield json.dumps(_whole(value)).encode()


def _whole(value: Any) -> Any:
    if is_list(value):
        return {"elements": value}
    return value if is_object(value) and value.keys() & _FORM else {"elements": [value]}


def types_of_pyxform() -> Iterator[bytes]:
    """Each question type that pyxform knows, a workbook each."""
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    choices = "list_name | name | label\nabc | a | A\nabc | b | B"
    for kind in sorted(QUESTION_TYPE_DICT):
        table = f"type | name | label\n{kind} | q | Q\n{kind} abc | r | R\ninteger | n | N"
        yield workbook(survey=table, choices=choices)


def of_workbooks(folder: Path) -> Iterator[bytes]:
    """Every workbook below a folder."""
    for path in sorted(folder.rglob("*.xlsx")):
        yield path.read_bytes()


def of_questionnaires(folder: Path) -> Iterator[bytes]:
    """Every Questionnaire below a folder, of whatever release its author wrote it for."""
    for path in sorted(folder.rglob("*.json")):
        data = path.read_bytes()
        if b'"Questionnaire"' in data[:20_000]:
            yield data


def ours_as_questionnaires() -> Iterator[bytes]:
    """Each example form of ours as a Questionnaire."""
    for path in sorted((ROOT / "examples").rglob("*.json")):
        data = path.read_bytes()
        if b"huisheng.survey/1" in data[:200]:
            resource = convert(data, "huisheng", "fhir").resource
            if resource is not None:
                yield json.dumps(resource).encode()


def packaged() -> dict[str, tuple[str, Iterable[bytes]]]:
    """What installed packages carry: the format and the documents, by a source's name."""
    return {
        "survey-core's guide": ("surveyjs", of_markdown(SURVEY_CORE)),
        "pyxform's question types": ("xlsform", types_of_pyxform()),
        "pyxform's package": ("xlsform", of_workbooks(Path(pyxform.__file__).parent)),
        "our examples by FHIR": ("fhir", ours_as_questionnaires()),
    }


def below(folder: Path) -> dict[str, tuple[str, Iterable[bytes]]]:
    """What a folder holds, of each format."""
    return {
        f"{folder.name}: guides": ("surveyjs", of_markdown(folder)),
        f"{folder.name}: workbooks": ("xlsform", of_workbooks(folder)),
        f"{folder.name}: Questionnaires": ("fhir", of_questionnaires(folder)),
    }


class Told:
    """What became of the documents of one source."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.losses: Counter[tuple[str, str]] = Counter()
        self.slowest = 0.0

    def take(self, data: bytes, source: str) -> None:
        """Read one document, write it as FHIR too, and count; raises where a promise is broken."""
        begun = time.perf_counter()
        made = convert(data, source, "huisheng")
        self.slowest = max(self.slowest, time.perf_counter() - begun)
        assert made.document is None or engine.check(made.document) == ()
        report: dict[str, Any] = summary(made, source, "huisheng", "zh-CN")
        assert report["carried"] + report["refused"] == report["elements"]
        self.count["documents"] += 1
        for member in MEMBERS[1:]:
            self.count[member] += report[member]
        for loss in report["losses"]:
            self.losses[loss["code"], loss["what"].split(":")[0][:60]] += 1
        assert (convert(data, source, "fhir").resource is None) == (made.document is None)

    def __str__(self) -> str:
        return ", ".join(f"{name} {self.count[name]}" for name in MEMBERS)


def main(folders: list[str]) -> None:
    """Print a line for each source, then the losses that are most frequent."""
    sources = packaged()
    for folder in folders:
        sources |= below(Path(folder))
    losses: Counter[tuple[str, str]] = Counter()
    for name, (source, documents) in sources.items():
        told = Told()
        for data in documents:
            told.take(data, source)
        losses += told.losses
        if told.count["documents"]:
            print(f"{name}: {told}; slowest {told.slowest:.2f} s")
    for (code, about), count in losses.most_common(40 if folders else 10):
        print(f"{count:6} {code}: {about}")


if __name__ == "__main__":
    main(sys.argv[1:])

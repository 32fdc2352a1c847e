"""What is known while a workbook is read: texts by language, lists of choices, rules."""

import re
from collections.abc import Mapping
from functools import partial

from interchange.expression import Call, Tree
from interchange.reading import Reading
from interchange.refs import Ref
from interchange.report import Report
from interchange.texts import Speech, Text, guessed_language, has_markup, is_cut, language_tag
from interchange.truth import Rule
from interchange.xlsform import xpath
from interchange.xlsform.workbook import Row, Workbook

_PIPE = re.compile(r"\$\{([^{}]++)\}")
_IN_BRACKETS = re.compile(r"\(([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*+)\)\s*$")
_TEXTS = ("label", "hint", "constraint_message", "required_message")
_TRUTHS = frozenset(("and", "or", "not", *xpath.LANGUAGE.comparisons))
_LANGUAGES = {
    "english": "en", "français": "fr", "french": "fr", "español": "es", "spanish": "es",
    "português": "pt", "portuguese": "pt", "中文": "zh-CN", "chinese": "zh-CN", "简体中文": "zh-CN",
    "العربية": "ar", "arabic": "ar", "русский": "ru", "russian": "ru", "swahili": "sw",
    "kiswahili": "sw", "hindi": "hi", "bahasa": "id", "indonesian": "id", "german": "de",
    "deutsch": "de", "dutch": "nl", "italian": "it", "vietnamese": "vi", "burmese": "my",
    "nepali": "ne", "bangla": "bn", "bengali": "bn", "urdu": "ur", "somali": "so", "amharic": "am",
}  # fmt: skip


class Context(Reading):
    """What is known while an XLSForm workbook is read."""

    def __init__(self, book: Workbook, report: Report, language: str | None) -> None:
        super().__init__(report, xpath.LANGUAGE, xpath.read)
        self.lists: dict[str, list[Row]] = {}
        for row in book.choices:
            self.lists.setdefault(row.get("list_name", "list name"), []).append(row)
        self.later = {row.get("name") for row in book.survey if row.get("name")}
        self.tags: dict[str, str] = {}
        self.speech = self._speech(book, language)

    def _speech(self, book: Workbook, language: str | None) -> Speech:
        """The languages of the columns, the form's own first."""
        rows = [*book.survey, *book.choices]
        columns = dict.fromkeys(column for row in rows for column in row.cells)
        plain = " ".join(row.get("label") for row in rows[:50])
        for column in columns:
            base, _, name = column.partition("::")
            if base in _TEXTS and name:
                self.tags.setdefault(name, self._tag(name))
        wanted = book.settings[0].get("default_language") if book.settings else ""
        base = language or (self._tag(wanted) if wanted else "")
        if not base:
            named = next(iter(self.tags.values()), None)
            base = guessed_language(plain) if plain.strip() or named is None else named
        return Speech(base, {tag: name for name, tag in self.tags.items()})

    def _tag(self, name: str) -> str:
        bracket = _IN_BRACKETS.search(name)
        tag = language_tag(bracket.group(1)) if bracket else None
        tag = tag or _LANGUAGES.get(name.split("(")[0].strip().lower())
        if tag is None and len(name) <= 8:
            tag = language_tag(name)
        if tag is None:
            letters = "".join(c for c in name if c.isascii() and c.isalnum())[:8]
            tag = f"mis-{letters}" if len(letters) > 1 else "mis"
            self.report.note("language_name", "survey!1", name)
        return tag

    # -- texts ------------------------------------------------------------------------------

    def labels(self, row: Row, base: str) -> dict[str, str]:
        """The versions of a text by language tag; "" is the base's."""
        found = {"": row.cells[base]} if base in row.cells else {}
        for column, text in row.cells.items():
            head, _, name = column.partition("::")
            if head == base and name in self.tags:
                found[self.tags[name]] = text
        return found

    def said(self, versions: Mapping[str, str], otherwise: str, at: str = "") -> Text:
        """A text in every language of the document; `at` is the place of its cell."""
        texts = {tag or self.speech.base: text for tag, text in versions.items()}
        if has_markup(texts):
            self.report.change("markup", at, next(iter(texts.values())))

        if is_cut(texts):
            self.report.change("text_cut", at, next(iter(texts.values())))

        def piped(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name not in self.later and name not in self.refs:
                self.report.lose("placeholder", at, name)
            return self.placeholder(name, match.group(0), at)

        return self.speech.say(texts, otherwise, partial(_PIPE.sub, piped))

    # -- rules ------------------------------------------------------------------------------

    def rule_at(self, row: Row, *columns: str) -> Rule | None:
        """The rule of a cell, None where it is empty or cannot be carried (a loss)."""
        column = next((c for c in columns if row.cells.get(c)), "")
        return self.rule_of(row.get(column), row.place(column)) if column else None

    def resolve(self, name: str) -> Ref | Tree:
        if name.startswith(xpath.COLUMN) and isinstance(self.item, Row):
            return self.item.get(name.removeprefix(xpath.COLUMN)) or None
        return super().resolve(name)

    def is_truth(self, name: str) -> bool:
        """Whether a calculation is true or false rather than a number."""
        tree = self.calculated.get(name)
        return isinstance(tree, bool) or (isinstance(tree, Call) and tree.op in _TRUTHS)

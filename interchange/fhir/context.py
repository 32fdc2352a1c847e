"""What is known while a Questionnaire is read: texts by language, value sets, codings."""

from typing import Any

from interchange.expression import Tree, Unreadable
from interchange.fhir import fhirpath
from interchange.fhir.extensions import (
    CALCULATED,
    VARIABLE,
    Extensions,
    languages_in,
    translations,
)
from interchange.node import Node, is_object
from interchange.reading import Reading
from interchange.refs import Language, Ref
from interchange.report import Report
from interchange.texts import Speech, Text, guessed_language, has_markup, is_cut, language_tag


def _same(left: Any, right: Any) -> bool:
    return left == right


def _itself(value: Any) -> Any:
    return value


LANGUAGE = Language(comparisons={"eq": _same}, corrected=_itself, empty_is_zero=False)


class Context(Reading):
    """What is known while a Questionnaire is read."""

    def __init__(self, root: Node, report: Report, language: str | None) -> None:
        super().__init__(report, LANGUAGE, fhirpath.read)
        self.root = root
        self.extensions = Extensions(root)
        self.scores: dict[str, dict[str, Any]] = {}
        """Scores of one question each, where a calculation needs the weights of its options."""
        self.questions: dict[str, dict[str, Any]] = {}
        """What was made of items, by their links."""
        self.scored: dict[str, tuple[str, Any]] = {}
        """What scores say of the points of a question, by its id."""
        self.weighed: list[str] = []
        """Questions whose options carry weights, in the order of the source."""
        self.variables: dict[str, str] = {}
        self.read_variables(self.extensions)
        self.later: set[str] = set()
        self.formulas: dict[str, str] = {}
        """How calculated items are worked out, by their links."""
        self._declare(root, 0)
        self.speech = self._speech(language)

    def _declare(self, node: Node, level: int) -> None:
        if level > 20:
            return
        for item in node.nodes("item"):
            link = item.word("linkId")
            self.later.add(link)
            expression = Extensions(item).value(CALCULATED)
            if is_object(expression) and isinstance(expression.get("expression"), str):
                self.formulas[link] = expression["expression"]
            self._declare(item, level + 1)

    def known(self, link: str) -> Ref | None:
        """What rules read of an item: its answer, or a value that is worked out from answers that
        are known already, wherever its item stands."""
        if link not in self.refs and link in self.formulas:
            try:
                number = self.worked_out(self.formulas[link])
            except Unreadable:
                return None
            if isinstance(number, str):
                self.refs[link] = Ref(number, "number")
        return self.refs.get(link)

    def _speech(self, language: str | None) -> Speech:
        root = self.root
        named = language_tag(root.word("language")) if root.word("language") else None
        texts = " ".join([root.word("title"), *(i.word("text") for i in root.nodes("item"))])
        found: dict[str, None] = {}
        languages_in(root.value, found)
        tags = {tag: name for name in found if (tag := language_tag(name))}
        return Speech(language or named or guessed_language(texts), tags)

    def read_variables(self, extensions: Extensions) -> None:
        """Declare the FHIRPath variables of an element."""
        for extension in extensions.all(VARIABLE):
            expression = extension.node("valueExpression")
            if expression.word("name"):
                self.variables["%" + expression.word("name")] = expression.word("expression")

    def say(self, node: Node, member: str, otherwise: str) -> Text:
        """A text in every language of the document."""
        versions: dict[str, str] = {}
        for name, text in translations(node, member).items():
            tag = self.speech.base if not name else language_tag(name)
            if tag is not None:
                versions.setdefault(tag, text)
        if has_markup(versions):
            self.report.change("markup", node.place(member), next(iter(versions.values()), ""))
        if is_cut(versions):
            self.report.change("text_cut", node.place(member), next(iter(versions.values()), ""))
        return self.speech.say(versions, otherwise)

    def codes(self, node: Node, member: str) -> list[dict[str, str]]:
        """Codings as codes that are carried."""
        return [code for coding in node.nodes(member) if (code := carried_code(coding))]

    def worked_out(self, text: str) -> str | int | float:
        """A numeric expression as a ref or a literal; raises Unreadable."""
        return self._logic.whole_number(self.parse(fhirpath.spelt_out(text, self.weighed)), "calc")

    def resolve(self, name: str) -> Ref | Tree:
        if name in self.variables:
            return self.parse(self.variables[name])
        if name.startswith(fhirpath.ORDINAL):
            ref = super().resolve(name.removeprefix(fhirpath.ORDINAL))
            if not isinstance(ref, Ref) or ref.as_number is None:
                raise Unreadable("no_number", name)
            return Ref(ref.as_number(), "number")
        return super().resolve(name)


def carried_code(coding: Node) -> dict[str, str] | None:
    """A Coding as a code that is carried, where it names a system."""
    if not coding.word("code") or not coding.word("system"):
        return None
    code = {"system": coding.word("system"), "code": coding.word("code")}
    return code | ({"display": coding.word("display")} if coding.word("display") else {})

"""The extensions of FHIR R4 and SDC 3 that carry what a Questionnaire itself has no element for."""

from typing import Any

from interchange.node import Node, is_list, is_object

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
ORDINAL = f"{CORE}ordinalValue"
WEIGHT = f"{CORE}itemWeight"
PREFIX = f"{CORE}questionnaire-optionPrefix"
EXCLUSIVE = f"{CORE}questionnaire-optionExclusive"
CONTROL = f"{CORE}questionnaire-itemControl"
HIDDEN = f"{CORE}questionnaire-hidden"
UNIT = f"{CORE}questionnaire-unit"
MIN_OCCURS, MAX_OCCURS = f"{CORE}questionnaire-minOccurs", f"{CORE}questionnaire-maxOccurs"
REFERENCE = f"{CORE}questionnaire-referenceResource"
MIN, MAX = f"{CORE}minValue", f"{CORE}maxValue"
MIN_LENGTH, REGEX = f"{CORE}minLength", f"{CORE}regex"
DECIMALS, MAX_SIZE, MIME = f"{CORE}maxDecimalPlaces", f"{CORE}maxSize", f"{CORE}mimeType"
TRANSLATION = f"{CORE}translation"
CALCULATED = f"{SDC}calculatedExpression"
ENABLE_WHEN = f"{SDC}enableWhenExpression"
TOGGLE = f"{SDC}answerOptionsToggleExpression"
MEDIA, ANSWER_MEDIA = f"{SDC}itemMedia", f"{SDC}itemAnswerMedia"
CQF = f"{CORE}cqf-expression"
VARIABLE = f"{CORE}variable"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
ASIDE = frozenset(
    (
        f"{CORE}questionnaire-choiceOrientation",
        f"{CORE}rendering-style",
        f"{CORE}rendering-xhtml",
        f"{CORE}rendering-markdown",
        f"{CORE}questionnaire-displayCategory",
        f"{CORE}designNote",
        f"{CORE}display",
        f"{CORE}entryFormat",
        f"{CORE}questionnaire-supportLink",
        f"{CORE}questionnaire-sliderStepValue",
        f"{SDC}width",
        f"{SDC}openLabel",
        f"{SDC}shortText",
        f"{SDC}choiceColumn",
        f"{SDC}preferredTerminologyServer",
        f"{SDC}optionalDisplay",
        f"{SDC}observationLinkPeriod",
        f"{SDC}observationExtract",
        f"{SDC}observation-extract-category",
        f"{SDC}itemExtractionContext",
        "http://hl7.org/fhir/StructureDefinition/preferredTerminologyServer",
    )
)
"""Extensions that only say how something looks or where data go besides."""


class Extensions:
    """The extensions of one element by address; remembers which were read."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.read: set[str] = set()
        self.found: dict[str, list[Node]] = {}
        for extension in node.nodes("extension"):
            self.found.setdefault(extension.word("url"), []).append(extension)

    def all(self, url: str) -> list[Node]:
        """Every extension at an address."""
        self.read.add(url)
        return self.found.get(url, [])

    def value(self, url: str) -> Any:
        """The value of the first extension at an address, whatever its type; None without one."""
        for extension in self.all(url):
            for key, value in extension.value.items():
                if key.startswith("value"):
                    return value
        return None

    def expression(self, url: str) -> str:
        """The expression that stands for the value of the first extension at an address, "" where
        there is none (cqf-expression)."""
        for extension in self.all(url):
            for key in extension.value:
                if key.startswith("_value"):
                    inner = Extensions(extension.node(key)).all(CQF)
                    return inner[0].node("valueExpression").word("expression") if inner else ""
        return ""

    def place(self, url: str) -> str:
        """Where the first extension at an address stands."""
        found = self.all(url)
        return found[0].at if found else self.node.at

    def codes(self, url: str) -> list[str]:
        """The codes of a CodeableConcept or a Coding at an address."""
        found: list[str] = []
        for extension in self.all(url):
            concept = extension.node("valueCodeableConcept")
            found += [coding.word("code") for coding in concept.nodes("coding")]
            found += [extension.word("valueCode"), extension.node("valueCoding").word("code")]
        return [code for code in found if code]

    def unread(self) -> list[Node]:
        """The extensions that nobody read and that say more than how something looks."""
        return [e for url, es in self.found.items() if url not in self.read | ASIDE for e in es]


def translations(node: Node, member: str) -> dict[str, str]:
    """The versions of a text by foreign language name, "" its own."""
    found = {"": node.word(member)} if node.word(member) else {}
    for extension in Node(node.raw(f"_{member}")).nodes("extension"):
        if extension.word("url") != TRANSLATION:
            continue
        parts: dict[str, Any] = {}
        for part in extension.nodes("extension"):
            values = [v for k, v in part.value.items() if k.startswith("value")]
            parts[part.word("url")] = values[0] if values else None
        if isinstance(parts.get("lang"), str) and isinstance(parts.get("content"), str):
            found[parts["lang"]] = parts["content"]
    return found


def languages_in(value: Any, found: dict[str, None], depth: int = 0) -> None:
    """Collect the languages of all translations of a resource."""
    if depth > 40:
        return
    if is_object(value):
        if value.get("url") == TRANSLATION:
            for part in Node(value).nodes("extension"):
                if part.word("url") == "lang":
                    found[part.word("valueCode") or part.word("valueString")] = None
            return
        for item in value.values():
            languages_in(item, found, depth + 1)
    elif is_list(value):
        for item in value:
            languages_in(item, found, depth + 1)

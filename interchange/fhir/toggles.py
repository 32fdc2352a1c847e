"""Options that stand under a rule: SDC answerOptionsToggleExpression, written and read.

Source: hl7.org/fhir/uv/sdc, sdc-questionnaire-answerOptionsToggleExpression: the options that it
names are offered where its expression is true.
"""

from typing import Any

from interchange.fhir.conditions import condition, is_fhirpath
from interchange.fhir.context import Context
from interchange.fhir.extensions import TOGGLE, Extensions
from interchange.fhir.paths import NotCarried, Paths
from interchange.report import Report

Made = dict[str, Any]


def toggles(
    paths: Paths, report: Report, at: str, options: Any, written: dict[str, Made]
) -> list[Made]:
    """The extensions of a question whose options have rules, options of one rule together.

    Args:
        written: the options as they stand in the Questionnaire, by their ids.
    """
    found: dict[str, list[Made]] = {}
    for i, option in enumerate(options):
        if option.show_if is None:
            continue
        try:
            expression = paths.expression(option.show_if)
            shown = written[option.id]
        except (NotCarried, KeyError):
            report.lose("option_rule", f"{at}/options/{i}/show_if", option.id)
            continue
        value = {kind: one for kind, one in shown.items() if kind.startswith("value")}
        found.setdefault(expression, []).append({"url": "option"} | value)
    return [
        {"url": TOGGLE, "extension": [*named, {"url": "expression", "valueExpression": {
            "language": "text/fhirpath", "expression": expression}}]}
        for expression, named in found.items()
    ]  # fmt: skip


def offer(
    context: Context, extensions: Extensions, made: Made, values: list[tuple[Any, Any]]
) -> None:
    """Give the options of a question the rules under which they are offered."""
    for toggle in extensions.all(TOGGLE):
        parts = list(toggle.nodes("extension"))
        written = next((p.raw("valueExpression") for p in parts if p.word("url") == "expression"),
                       None)  # fmt: skip
        if not is_fhirpath(written):
            context.report.lose("option_rule", toggle.at)
            continue
        rule = condition(context, written["expression"], toggle.at)
        if rule is None:
            continue
        for part in parts:
            if part.word("url") != "option":
                continue
            coding = part.node("valueCoding")
            plain = next((v for k, v in part.value.items() if k.startswith("value")), None)
            code = coding.word("code") if coding.value else str(plain)
            system = coding.word("system") if coding.value else None
            named = [lit for stored, lit in values
                     if stored[1] == code and _fits(stored[0], system)]  # fmt: skip
            if not named:
                context.report.lose("option_rule", part.at, code)
            for option in made["options"]:
                if option["id"] in named:
                    option["show_if"] = rule


def _fits(system: str | None, other: str | None) -> bool:
    """Systems count where both name one; a plain value is no coding."""
    if system is None or other is None:
        return system is other
    return not system or not other or system == other

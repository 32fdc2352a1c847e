"""A plain, slow second reading of design section 4: evaluates decoded JSON, shares no code with
the engine."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
NOT_APPLICABLE = {"not_applicable": True}


COMPARISONS: dict[str, Any] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "has_any": lambda left, right: any(v in left for v in right),
    "has_all": lambda left, right: all(v in left for v in right),
    "has_none": lambda left, right: not any(v in left for v in right),
}


class Bad(Exception):
    """An answer that cannot be used; carries the JSON pointer of the place."""

    def __init__(self, at: str) -> None:
        super().__init__(at)
        self.at = at


@dataclass
class Outcome:
    """What an evaluation must say; `problems` are pairs of kind (required or bad) and place."""

    path: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: Json = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    context_problems: list[str] = field(default_factory=list)
    computed: dict[str, float | None] = field(default_factory=dict)
    scores: dict[str, tuple[float | None, int, int]] = field(default_factory=dict)
    ending: str | None = None
    dropped: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.problems


def evaluate(
    document: Json, answers: Json, context: Json | None = None, today: date | None = None
) -> Outcome:
    """Walks the pages once, in order."""
    return walked(document, answers, context, today).out


def walked(
    document: Json, answers: Json, context: Json | None = None, today: date | None = None
) -> "Walk":
    """The same, with what is known at its end."""
    walk = Walk(document, context or {}, today)
    pages = document["pages"]
    index = 0
    while index is not None and index < len(pages):
        page = pages[index]
        index += 1
        if "show_if" in page and walk.truth(page["show_if"]) is not True:
            continue
        walk.out.path.append(page["id"])
        for question in page["questions"]:
            walk.ask(question, answers.get(question["id"]))
        jump = walk.jump(page)
        if jump is None:
            continue
        if jump == "end" or jump.startswith("end:"):
            walk.out.ending = jump[4:] or walk.out.ending
            break
        index = next(i for i, p in enumerate(pages) if p["id"] == jump)
    walk.finish(answers)
    return walk


class Walk:
    """One walk through a survey: what has been asked and answered so far."""

    def __init__(self, document: Json, context: Json, today: date | None) -> None:
        self.document = document
        self.today = today
        self.out = Outcome()
        self.values: Json = {}
        self.hidden: dict[str, set[str]] = {}
        self.questions: dict[str, Json] = {
            q["id"]: q for page in document["pages"] for q in page["questions"]
        }
        self.computed = {c["id"]: c["value"] for c in document.get("computed", [])}
        self.scores = {s["id"]: s for s in document.get("scores", [])}
        endings = document.get("endings", [])
        self.out.ending = endings[0]["id"] if endings else None
        self.context: Json = {}
        for name, raw in context.items():
            declared = document.get("context", {}).get(name)
            if declared is None:
                self.out.context_problems.append(name)
            elif raw is not None:
                if _fits(declared, raw):
                    self.context[name] = raw
                else:
                    self.out.context_problems.append(name)

    # -- the walk ---------------------------------------------------------------------------

    def ask(self, question: Json, raw: Any) -> None:
        if "show_if" in question and self.truth(question["show_if"]) is not True:
            return
        name = question["id"]
        self.out.asked.append(name)
        if question["type"] == "statement":
            if not is_unanswered(question, raw):
                self.out.dropped.append(name)
            return
        hidden = self.hidden_parts(question)
        must = self.must(question)
        value = None
        if not is_unanswered(question, raw):
            try:
                value, dropped = read(question, raw, hidden, self.today)
            except BadAfterDropping as bad:
                self.out.dropped += [f"{name}.{part}" for part in bad.dropped]
                self.out.problems.append(("bad", bad.at))
                return
            except Bad as bad:
                self.out.problems.append(("bad", bad.at))
                return
            self.out.dropped += [f"{name}.{part}" for part in dropped]
        if value is not None:
            self.values[name] = value
            self.out.answers[name] = value
        if must:
            self.out.problems += [("required", at) for at in missing(question, value, hidden)]

    def hidden_parts(self, question: Json) -> set[str]:
        """Options or rows that do not exist for this response."""
        parts = question.get("rows" if question["type"] == "matrix" else "options", [])
        return {p["id"] for p in parts if "show_if" in p and self.truth(p["show_if"]) is not True}

    def must(self, question: Json) -> bool:
        required = question.get("required", False)
        return required if isinstance(required, bool) else self.truth(required) is True

    def jump(self, page: Json) -> str | None:
        for entry in page.get("next", []):
            if "if" not in entry or self.truth(entry["if"]) is True:
                return entry["to"]
        return None

    def finish(self, answers: Json) -> None:
        for name, raw in answers.items():
            question = self.questions.get(name)
            if name not in self.out.asked and not is_unanswered(question or {}, raw):
                self.out.dropped.append(name)
        for name in self.computed:
            value = self.compute(name)
            self.out.computed[name] = None if value is None else rounded(value)
        for name, score in self.scores.items():
            value, answered = self.score(name)
            shown = None if value is None else rounded(value)
            self.out.scores[name] = (shown, answered, len(score["of"]))

    # -- rules ------------------------------------------------------------------------------

    def truth(self, rule: Json) -> bool | None:
        """True, false, or None for unknown."""
        match rule["op"]:
            case "all":
                parts = [self.truth(part) for part in rule["of"]]
                return False if False in parts else None if None in parts else True
            case "any":
                parts = [self.truth(part) for part in rule["of"]]
                return True if True in parts else None if None in parts else False
            case "not":
                part = self.truth(rule["of"])
                return None if part is None else not part
            case "answered":
                return self.is_answered(rule["ref"])
            case _:
                return self.compare(rule)

    def is_answered(self, ref: str) -> bool:
        """Whether there is an answer, not applicable too; of other refs, whether a value is."""
        name, _, part = ref.partition(".")
        if name not in self.questions:
            return self.value(ref) is not None
        answer = self.values.get(name)
        return answer is not None and (part in ("", "count") or part in answer)

    def compare(self, rule: Json) -> bool | None:
        left = self.value(rule["ref"])
        if "other" in rule:
            right = self.value(rule["other"])
        elif isinstance(rule["value"], list):
            right = [plain(v) for v in rule["value"]]
        else:
            right = plain(rule["value"])
        if left is None or right is None:
            return None
        return COMPARISONS[rule["op"]](left, right)

    def value(self, ref: str) -> Any:
        """What a comparison sees of a ref: a Fraction, text, boolean, list of ids, or None."""
        if ref == "today":
            return self.today.isoformat() if self.today else None
        if ref in self.document.get("context", {}):
            return plain(self.context.get(ref))
        if ref in self.computed:
            return self.compute(ref)
        if ref.startswith("score."):
            return self.score(ref.removeprefix("score."))[0]
        name, _, part = ref.partition(".")
        answer = self.values.get(name)
        if answer is None or answer == NOT_APPLICABLE:
            return None
        if part == "count":
            return Fraction(len(answer))
        if part:
            cell = answer.get(part)
            return None if cell == NOT_APPLICABLE else plain(cell)
        match self.questions[name]["type"]:
            case "single_choice":
                return chosen(answer)
            case "multi_choice":
                return [chosen(item) for item in answer]
            case "consent":
                return answer["agreed"]
            case _:
                return plain(answer)

    # -- computed values and scores ---------------------------------------------------------

    def compute(self, name: str) -> Fraction | None:
        value = self.computed[name]
        if value["op"] == "if":
            branch = "then" if self.truth(value["when"]) is True else "else"
            return self.operand(value[branch])
        operands = [self.operand(o) for o in value["of"]]
        known = [o for o in operands if o is not None]
        match value["op"]:
            case "count":
                return Fraction(len(known))
            case "sum":
                return sum(known, Fraction(0)) if known else None
            case "mean":
                return sum(known, Fraction(0)) / len(known) if known else None
            case "min":
                return min(known) if known else None
            case "max":
                return max(known) if known else None
        if len(known) < 2:
            return None
        one, two = known
        match value["op"]:
            case "sub":
                return one - two
            case "mul":
                return one * two
            case _:
                return one / two if two else None

    def operand(self, operand: Any) -> Fraction | None:
        return self.value(operand) if isinstance(operand, str) else plain(operand)

    def score(self, name: str) -> tuple[Fraction | None, int]:
        score = self.scores[name]
        points = {m: self.member_points(m) for m in score["of"]}
        known = {m: p for m, p in points.items() if p is not None}
        if not known or len(known) < score.get("min_answered", 1):
            return None, len(known)
        weights = {m: plain(score.get("weights", {}).get(m, 1)) for m in known}
        total = sum((weights[m] * p for m, p in known.items()), Fraction(0))
        match score.get("method", "mean"):
            case "mean":
                return total / sum(weights.values(), Fraction(0)), len(known)
            case "sum":
                return total, len(known)
            case "min":
                return min(known.values()), len(known)
            case _:
                return max(known.values()), len(known)

    def member_points(self, member: str) -> Fraction | None:
        if member.startswith("score."):
            return self.score(member.removeprefix("score."))[0]
        answer = self.values.get(member)
        return None if answer is None else points(self.questions[member], answer)


# -- points -----------------------------------------------------------------------------------


def points(question: Json, answer: Any) -> Fraction | None:
    """Points of a good answer, 0 to 100."""
    if answer == NOT_APPLICABLE:
        return None
    match question["type"]:
        case "rating":
            if question.get("points"):
                return plain(question["points"].get(str(answer)))
            low, high = question.get("min", 1), question.get("max", 5)
            return linear(answer, low, high, question.get("reverse", False))
        case "nps":
            return Fraction(answer * 10)
        case "yes_no":
            return plain(question.get("points", {}).get("yes" if answer else "no"))
        case "single_choice":
            return plain(_option(question, chosen(answer)).get("points"))
        case "multi_choice":
            if not any("points" in option for option in question["options"]):
                return None
            picked = [_option(question, chosen(item)) for item in answer]
            total = sum((plain(option.get("points", 0)) for option in picked), Fraction(0))
            return max(Fraction(0), min(Fraction(100), total))
        case "matrix":
            cells = [_cell_points(question, cell) for cell in answer.values()]
            known = [c for c in cells if c is not None]
            return sum(known, Fraction(0)) / len(known) if known else None
        case _:
            return None


def linear(value: int, low: int, high: int, reverse: bool) -> Fraction:
    share = Fraction(100) * (value - low) / (high - low)
    return 100 - share if reverse else share


def _cell_points(question: Json, cell: Any) -> Fraction | None:
    if cell == NOT_APPLICABLE:
        return None
    scale = question.get("scale")
    if scale:
        return linear(cell, scale["min"], scale["max"], scale.get("reverse", False))
    return plain(_option(question, cell).get("points"))


def _option(question: Json, name: str) -> Json:
    return next(option for option in question["options"] if option["id"] == name)


# -- values -----------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Numbers as the decimals that were written; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return Fraction(str(value))


def rounded(value: Fraction) -> float:
    """Half-even to two places."""
    hundredths = round(value * 100)
    return float(Decimal(hundredths).scaleb(-2).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def chosen(value: Any) -> Any:
    return value["choice"] if isinstance(value, dict) else value


def is_unanswered(question: Json, raw: Any) -> bool:
    """Absence, null, [], "", white space; for a matrix also {} and rows without a value."""
    if raw is None or raw == []:
        return True
    if isinstance(raw, str):
        return not raw.strip()
    if question.get("type") != "matrix" or not isinstance(raw, dict):
        return False
    return all(is_unanswered({}, cell) for cell in raw.values())


def _number(raw: Any) -> int | float | None:
    """A number of at most 15 digits, 6 of them decimals; `2.0` is 2."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    exact = Decimal(str(raw))
    if abs(exact) >= 10**15 or exact != exact.quantize(Decimal("0.000001")):
        return None
    return int(exact) if exact == int(exact) else raw


def _integer(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or raw != int(raw):
        return None
    return int(raw)


def _text(raw: Any, at: str) -> str:
    if not isinstance(raw, str):
        raise Bad(at)
    if any(unicodedata.category(c) == "Cc" and c not in "\r\n\t" for c in raw.strip()):
        raise Bad(at)
    return unicodedata.normalize("NFC", raw.strip())


def _is_date(raw: Any) -> bool:
    if not isinstance(raw, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        return False
    try:
        return 1900 <= date.fromisoformat(raw).year <= 2100
    except ValueError:
        return False


def _fits(declared: Json, raw: Any) -> bool:
    match declared["type"]:
        case "choice":
            return raw in declared["values"]
        case "text":
            return isinstance(raw, str) and bool(raw.strip())
        case "number":
            number = _number(raw)
            low, high = declared.get("min"), declared.get("max")
            return (
                number is not None
                and (low is None or number >= low)
                and (high is None or number <= high)
            )
        case "boolean":
            return isinstance(raw, bool)
        case _:
            return _is_date(raw)


# -- reading answers --------------------------------------------------------------------------


class BadAfterDropping(Bad):
    """Bad for what is left once hidden options are taken out."""

    def __init__(self, at: str, dropped: list[str]) -> None:
        super().__init__(at)
        self.dropped = dropped


def read(question: Json, raw: Any, hidden: set[str], today: date | None) -> tuple[Any, list[str]]:
    """The normal value (None: nothing left) and the hidden parts taken out; raises Bad."""
    at = f"/{question['id']}"
    match question["type"]:
        case "single_choice":
            value = _choice(question, raw, at, hidden)
            return (None, [chosen(value)]) if chosen(value) in hidden else (value, [])
        case "multi_choice":
            return _several(question, raw, at, hidden)
        case "ranking":
            return _ranked(question, raw, at, hidden)
        case "matrix":
            return _rows(question, raw, at, hidden)
        case _:
            return _READERS[question["type"]](question, raw, at, today), []


def _choice(question: Json, raw: Any, at: str, hidden: set[str]) -> Any:
    name, text = raw, ""
    if isinstance(raw, dict):
        if not set(raw) <= {"choice", "text"}:
            raise Bad(at)
        name, text = raw.get("choice"), _text(raw.get("text") or "", at)
    option = next((o for o in question["options"] if o["id"] == name), None)
    if option is None or not isinstance(name, str):
        raise Bad(at)
    if name not in hidden:
        entry = option.get("text_entry")
        if (text and entry is None) or (not text and entry == "required"):
            raise Bad(at)
    return {"choice": name, "text": text} if text else name


def _several(question: Json, raw: Any, at: str, hidden: set[str]) -> tuple[Any, list[str]]:
    if not isinstance(raw, list):
        raise Bad(at)
    given = [_choice(question, item, at, hidden) for item in raw]
    names = [chosen(item) for item in given]
    if len(set(names)) < len(names):
        raise Bad(at)
    order = [o["id"] for o in question["options"]]
    given.sort(key=lambda item: order.index(chosen(item)))
    dropped = [chosen(item) for item in given if chosen(item) in hidden]
    kept = [item for item in given if chosen(item) not in hidden]
    if not kept:
        return None, dropped
    exclusive = [item for item in kept if _option(question, chosen(item)).get("exclusive")]
    low, high = question.get("min_selected", 0), question.get("max_selected", len(order))
    if exclusive:
        low, high = 1, 1
    if not low <= len(kept) <= high:
        raise BadAfterDropping(at, dropped)
    return kept, dropped


def _ranked(question: Json, raw: Any, at: str, hidden: set[str]) -> tuple[Any, list[str]]:
    order = [o["id"] for o in question["options"]]
    if not isinstance(raw, list) or not all(isinstance(i, str) and i in order for i in raw):
        raise Bad(at)
    if len(set(raw)) < len(raw):
        raise Bad(at)
    dropped = [name for name in raw if name in hidden]
    kept = [name for name in raw if name not in hidden]
    if len(kept) > question.get("max", len(order)):
        raise BadAfterDropping(at, dropped)
    return kept or None, dropped


def _rows(question: Json, raw: Any, at: str, hidden: set[str]) -> tuple[Any, list[str]]:
    if not isinstance(raw, dict):
        raise Bad(at)
    rows = [row["id"] for row in question["rows"]]
    for name in raw:
        if name not in rows:
            raise Bad(f"{at}/{name}")
    value: Json = {}
    dropped: list[str] = []
    for row in rows:
        cell = raw.get(row)
        if is_unanswered({}, cell):
            continue
        if row in hidden:
            dropped.append(row)
        else:
            value[row] = _cell(question, cell, f"{at}/{row}")
    return value or None, dropped


def _cell(question: Json, cell: Any, at: str) -> Any:
    if cell == NOT_APPLICABLE:
        if not question.get("not_applicable"):
            raise Bad(at)
        return NOT_APPLICABLE
    scale = question.get("scale")
    if scale is None:
        if not any(cell == option["id"] for option in question["options"]):
            raise Bad(at)
        return cell
    number = _integer(cell)
    if number is None or not scale["min"] <= number <= scale["max"]:
        raise Bad(at)
    return number


def _rating(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if raw == NOT_APPLICABLE and question.get("not_applicable"):
        return NOT_APPLICABLE
    number = _integer(raw)
    low, high = question.get("min", 1), question.get("max", 5)
    if question["type"] == "nps":
        low, high = 0, 10
    if number is None or not low <= number <= high:
        raise Bad(at)
    return number


def _yes_no(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, bool):
        raise Bad(at)
    return raw


def _free_text(question: Json, raw: Any, at: str, today: date | None) -> Any:
    text = _text(raw, at)
    form = question.get("format")
    if form == "id_card_cn":
        text = text.upper()
    fits = (
        question.get("min_length", 0) <= len(text) <= question.get("max_length", 2000)
        and (form is None or _has_format(text, form))
        and re.fullmatch(question.get("pattern", "(?s).*"), text)
    )
    if not fits:
        raise Bad(at)
    return text


def _has_format(text: str, form: str) -> bool:
    match form:
        case "phone_cn":
            return bool(re.fullmatch("1[3-9][0-9]{9}", text))
        case "email":
            return bool(re.fullmatch(r"[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+", text))
        case _:
            return bool(re.fullmatch("[0-9]{17}[0-9X]", text)) and _checksum(text)


def _checksum(text: str) -> bool:
    """ISO 7064 MOD 11-2, which leaves 1 over the whole number."""
    left = 0
    for digit in text:
        left = (left * 2 + (10 if digit == "X" else int(digit))) % 11
    return left == 1


def _numeric(question: Json, raw: Any, at: str, today: date | None) -> Any:
    number = _number(raw)
    if number is None:
        raise Bad(at)
    low, high, step = (plain(question.get(m)) for m in ("min", "max", "step"))
    exact = plain(number)
    if (low is not None and exact < low) or (high is not None and exact > high):
        raise Bad(at)
    if step is not None and (exact - (low or 0)) % step:
        raise Bad(at)
    return number


def _day(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, str) or not _is_date(raw.strip()):
        raise Bad(at)
    day = date.fromisoformat(raw.strip())
    for member in ("min", "max"):
        limit = question.get(member)
        edge = today if limit == "today" else date.fromisoformat(limit) if limit else None
        if edge is not None and (day < edge if member == "min" else day > edge):
            raise Bad(at)
    return raw.strip()


def _minute(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, str) or not re.fullmatch("[0-2][0-9]:[0-5][0-9]", raw.strip()):
        raise Bad(at)
    time = raw.strip()
    if not max("00:00", question.get("min", "")) <= time <= min("23:59", question.get("max", "~")):
        raise Bad(at)
    return time


def _dictionary(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, str):
        raise Bad(at)
    name = raw.strip()
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", name):
        raise Bad(at)
    return name


def nodes(parts: list[Json]) -> Iterator[Json]:
    """All nodes of a cascade."""
    for node in parts:
        yield node
        yield from nodes(node.get("nodes", []))


def _node(question: Json, raw: Any, at: str, today: date | None) -> Any:
    for node in nodes(question["nodes"]):
        if node["id"] == raw and not (question.get("leaf_only") and node.get("nodes")):
            return raw
    raise Bad(at)


def _consent(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, dict) or set(raw) != {"agreed", "version"}:
        raise Bad(at)
    if not isinstance(raw["agreed"], bool) or _integer(raw["version"]) != question["version"]:
        raise Bad(at)
    return {"agreed": raw["agreed"], "version": question["version"]}


def _attachments(question: Json, raw: Any, at: str, today: date | None) -> Any:
    fits = (
        isinstance(raw, list)
        and all(isinstance(i, str) and re.fullmatch("[A-Za-z0-9][\\w-]{0,63}", i) for i in raw)
        and len(set(raw)) == len(raw) <= question.get("max_files", 3)
    )
    if not fits:
        raise Bad(at)
    return raw


def _attachment(question: Json, raw: Any, at: str, today: date | None) -> Any:
    if not isinstance(raw, str) or not re.fullmatch("[A-Za-z0-9][\\w-]{0,63}", raw):
        raise Bad(at)
    return raw


_READERS: dict[str, Any] = {
    "rating": _rating,
    "nps": _rating,
    "yes_no": _yes_no,
    "text": _free_text,
    "number": _numeric,
    "date": _day,
    "time": _minute,
    "department": _dictionary,
    "staff": _dictionary,
    "cascade": _node,
    "consent": _consent,
    "picture_upload": _attachments,
    "file_upload": _attachments,
    "signature": _attachment,
}


def missing(question: Json, value: Any, hidden: set[str]) -> list[str]:
    """Where a required question lacks an answer."""
    at = f"/{question['id']}"
    match question["type"]:
        case "matrix":
            answered = value or {}
            shown = [r["id"] for r in question["rows"] if r["id"] not in hidden]
            need = question.get("rows_required", True)
            if need is True or isinstance(need, list):
                rows = shown if need is True else [r for r in shown if r in need]
                return [f"{at}/{row}" for row in rows if row not in answered]
            least = min(len(shown), int(need) or 1)
            return [] if len(answered) >= least else [at]
        case "ranking":
            shown = [o for o in question["options"] if o["id"] not in hidden]
            full = value is not None and ("max" in question or len(value) == len(shown))
            return [] if full else [at]
        case "consent":
            return [] if value is not None and value["agreed"] else [at]
        case _:
            return [] if value is not None else [at]

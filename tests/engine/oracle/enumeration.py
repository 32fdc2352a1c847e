"""Every complete response of a small survey, one of each kind that its rules can tell apart.

Exact: two answers of a question count as one only where every comparison, computed value and
score that reads the question sees the same of both. Answers of questions that are not asked are
not varied, since nothing reads them (design section 4.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

from tests.engine.oracle import oracle
from tests.engine.oracle.features import leaves, rules

Json = dict[str, Any]
FIRST_DAY, LAST_DAY = date(2024, 2, 27), date(2024, 3, 2)
FRESH = ("red", "blue", "q", "w", "u", "zz", "q7", "W8", "77", "78", "79", "longer text")
SHAPED = (
    *(f"1380013800{i}" for i in range(3)),
    *(f"{name}@b.cn" for name in "abc"),
    "11010519491231002X",
    "440524188001010014",
    "110105194912310011",
)
MINUTES = ("08:57", "08:58", "08:59", "09:00", "09:01", "09:02")


class TooMany(Exception):
    """The survey has more responses than one wants to wait for."""


@dataclass
class Facts:
    """What holds of the complete responses.

    `rules` has, by JSON pointer, the values that a rule takes where it is read: of a page where
    no jump skipped it, of a question and of a jump where the page is on the path, of an option and
    of `required` where the question is asked. `options` are chosen (of a ranking: ranked; rows of a
    matrix: shown).
    """

    responses: int = 0
    pages: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    options: set[str] = field(default_factory=set)
    jumps: set[str] = field(default_factory=set)
    endings: set[str | None] = field(default_factory=set)
    rules: dict[str, set[bool]] = field(default_factory=dict)
    scores: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    computed: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    answerable: set[str] = field(default_factory=set)


@dataclass
class Response:
    """One complete response as the walk left it."""

    answers: Json
    context: Json
    today: date | None
    path: list[str]


class Enumeration:
    """Walks a survey with every answer at every question; `facts` fill on the way."""

    def __init__(self, document: Json, most: int, absent_today: bool = False) -> None:
        self.document = document
        self.most = most
        self.steps = 0
        self.absent_today = absent_today
        self.facts = Facts()
        self.responses: list[Response] = []
        self.trail: list[tuple[str, Any]] = []
        self.walk = oracle.Walk(document, {}, None)
        self.known: dict[Any, list[Any]] = {}
        self.leaves = [leaf for _, rule in rules(document) for leaf in leaves(rule)]
        self.operands = {
            operand
            for computed in document.get("computed", [])
            for operand in _operands(computed["value"])
            if isinstance(operand, str)
        }
        self.refs = {leaf["ref"] for leaf in self.leaves} | self.operands
        self.refs |= {leaf["other"] for leaf in self.leaves if "other" in leaf}
        self.scored = {m for s in document.get("scores", []) for m in s["of"]}
        self.texts = _texts(self.leaves)
        self.days = _days(document)

    def run(self) -> Facts:
        """Walks all; raises TooMany."""
        for today in self.todays():
            self.walk.today = today
            self.known.clear()
            for context in self.contexts():
                self.walk.context = context
                self.pages(0)
        return self.facts

    # -- what the caller gives ----------------------------------------------------------------

    def todays(self) -> list[date | None]:
        questions = self.walk.questions.values()
        limits = {q.get(m) for q in questions if q["type"] == "date" for m in ("min", "max")}
        if "today" not in self.refs and "today" not in limits:
            return [date(2024, 2, 29)]
        return [*self.days, *([None] if self.absent_today else [])]

    def contexts(self) -> Iterator[Json]:
        declared = self.document.get("context", {})
        used = [name for name in declared if name in self.refs]
        choices = [self.context_choices(name, declared[name]) for name in used]
        for values in product(*choices):
            yield {n: v for n, v in zip(used, values, strict=True) if v is not None}

    def context_choices(self, name: str, declared: Json) -> list[Any]:
        match declared["type"]:
            case "choice":
                candidates: list[Any] = list(declared["values"])
            case "text":
                candidates = [*self.texts, *FRESH[:5], *SHAPED]
            case "boolean":
                candidates = [True, False]
            case "date":
                candidates = [day.isoformat() for day in self.days]
            case _:
                if self.operands & {name}:
                    raise TooMany
                candidates = self.around(name)
        fitting = [c for c in candidates if oracle._fits(declared, c)]  # pyright: ignore
        return [kind[0] for kind in self.kinds(name, [None, *fitting], self.walk.context)]

    # -- the walk -------------------------------------------------------------------------------

    def note(self, at: str, rule: Json) -> bool:
        truth = self.walk.truth(rule) is True
        self.trail.append(("rule", (at, truth)))
        return truth

    def pages(self, index: int) -> None:
        mark = len(self.trail)
        pages = self.document["pages"]
        while index < len(pages):
            page = pages[index]
            if "show_if" in page and not self.note(f"/pages/{index}/show_if", page["show_if"]):
                index += 1
                continue
            self.trail.append(("page", page["id"]))
            self.questions(index, 0)
            break
        else:
            self.end(self.walk.out.ending)
        del self.trail[mark:]

    def questions(self, index: int, place: int) -> None:
        page = self.document["pages"][index]
        if place == len(page["questions"]):
            self.leave(index, page)
            return
        mark = len(self.trail)
        question = page["questions"][place]
        at = f"/pages/{index}/questions/{place}"
        shown = "show_if" not in question or self.note(f"{at}/show_if", question["show_if"])
        member = "rows" if question["type"] == "matrix" else "options"
        if not shown:
            self.questions(index, place + 1)
        else:
            name = question["id"]
            self.trail.append(("asked", name))
            hidden = self.hidden(question, f"{at}/{member}", member)
            must = question.get("required", False)
            if not isinstance(must, bool):
                must = self.note(f"{at}/required", must)
            inner = len(self.trail)
            choices = self.choices(question, hidden, must)
            if must:
                (self.facts.answerable if choices else self.facts.stuck).add(name)
            for value, options in choices:
                self.trail += [("option", f"{name}.{option}") for option in options]
                if value is not None:
                    self.walk.values[name] = value
                self.questions(index, place + 1)
                self.walk.values.pop(name, None)
                del self.trail[inner:]
        del self.trail[mark:]

    def hidden(self, question: Json, at: str, member: str) -> frozenset[str]:
        """Options or rows that do not exist; of rows notes those that do."""
        found: set[str] = set()
        for i, part in enumerate(question.get(member, [])):
            if "show_if" in part and not self.note(f"{at}/{i}/show_if", part["show_if"]):
                found.add(part["id"])
            elif member == "rows":
                self.trail.append(("option", f"{question['id']}.{part['id']}"))
        return frozenset(found)

    def leave(self, index: int, page: Json) -> None:
        mark = len(self.trail)
        winner: tuple[int, str] | None = None
        for n, jump in enumerate(page.get("next", [])):
            truth = "if" not in jump or self.note(f"/pages/{index}/next/{n}/if", jump["if"])
            if truth and winner is None:
                winner = (n, jump["to"])
        if winner is None:
            self.pages(index + 1)
        else:
            number, to = winner
            self.trail.append(("jump", f"/pages/{index}/next/{number}"))
            if to == "end":
                self.end(self.walk.out.ending)
            elif to.startswith("end:"):
                self.end(to[4:])
            else:
                ids = [p["id"] for p in self.document["pages"]]
                self.pages(ids.index(to))
        del self.trail[mark:]

    def end(self, ending: str | None) -> None:
        self.steps += 1
        if self.steps > self.most:
            raise TooMany
        facts = self.facts
        facts.responses += 1
        facts.endings.add(ending)
        path: list[str] = []
        for kind, what in self.trail:
            match kind:
                case "page":
                    facts.pages.add(what)
                    path.append(what)
                case "asked":
                    facts.asked.add(what)
                case "option":
                    facts.options.add(what)
                case "jump":
                    facts.jumps.add(what)
                case _:
                    facts.rules.setdefault(what[0], set()).add(what[1])
        self.last_rules()
        self.bounds()
        self.responses.append(
            Response(dict(self.walk.values), self.walk.context, self.walk.today, path)
        )

    def last_rules(self) -> None:
        placed = [
            (f"/computed/{i}/value/when", c["value"]["when"])
            for i, c in enumerate(self.document.get("computed", []))
            if c["value"]["op"] == "if"
        ]
        alerts = self.document.get("alerts", [])
        placed += [(f"/alerts/{i}/when", a["when"]) for i, a in enumerate(alerts)]
        for at, rule in placed:
            self.facts.rules.setdefault(at, set()).add(self.walk.truth(rule) is True)

    def bounds(self) -> None:
        for name in self.walk.scores:
            _widen(self.facts.scores, name, self.walk.score(name)[0])
        for name in self.walk.computed:
            _widen(self.facts.computed, name, self.walk.compute(name))

    # -- answers ----------------------------------------------------------------------------------

    def choices(
        self, question: Json, hidden: frozenset[str], must: bool
    ) -> list[tuple[Any, set[str]]]:
        """Good answers that the survey can tell apart (None for none), each with all the options
        that answers of its kind choose."""
        key = (question["id"], hidden, must)
        if key not in self.known:
            values = [
                value
                for value in [None, *self.good(question, hidden)]
                if not must
                or question["type"] == "statement"
                or not oracle.missing(question, value, set(hidden))
            ]
            kinds = self.kinds(question["id"], values, self.walk.values)
            self.known[key] = [
                (kind[0], {o for value in kind for o in _chosen(question, value, hidden)})
                for kind in kinds
            ]
        return self.known[key]

    def kinds(self, name: str, values: list[Any], store: Json) -> list[list[Any]]:
        """The values in groups that look alike to the survey."""
        before = store.pop(name, None)
        seen: dict[Any, list[Any]] = {}
        for value in values:
            if value is not None:
                store[name] = value
            seen.setdefault(self.seen_of(name, value), []).append(value)
            store.pop(name, None)
        if before is not None:
            store[name] = before
        return list(seen.values())

    def seen_of(self, name: str, value: Any) -> tuple[Any, ...]:
        """All that rules, computed values and scores can read off one value."""
        seen: list[Any] = []
        for leaf in self.leaves:
            if _is_of(leaf["ref"], name) and "other" not in leaf:
                seen.append(self.walk.truth(leaf))
            elif "other" in leaf:
                for ref in (leaf["ref"], leaf["other"]):
                    if _is_of(ref, name):
                        seen.append(_hashable(self.walk.value(ref)))
        for ref in self.operands:
            if _is_of(ref, name):
                seen.append(self.walk.value(ref))
        if name in self.scored:
            seen.append(self.walk.member_points(name))
        return tuple(seen)

    def good(self, question: Json, hidden: frozenset[str]) -> Iterator[Any]:
        for candidate in self.candidates(question, hidden):
            try:
                value, dropped = oracle.read(question, candidate, set(hidden), self.walk.today)
            except oracle.Bad:
                continue
            if value is not None and not dropped:
                yield value

    def candidates(self, question: Json, hidden: frozenset[str]) -> list[Any]:
        """Values worth a try; those that do not fit are left out by `good`."""
        kind = question["type"]
        if kind == "number":
            return list(self.numbers(question))
        if kind in ("text", "department", "staff"):
            return [*self.texts, *FRESH, *SHAPED]
        if kind == "date":
            return [day.isoformat() for day in self.days]
        return list(_CANDIDATES[kind](question, hidden))

    def numbers(self, question: Json) -> Iterator[Any]:
        step = question.get("step")
        if step is None:
            yield from self.around(question["id"])
            return
        start, exact = oracle.plain(question.get("min", -10)), oracle.plain(step)
        for i in range(20):
            yield _json_number(start + i * exact)

    def around(self, name: str) -> list[Any]:
        """The constants that a number is compared with, what lies between, and beyond."""
        constants = {Fraction(0), Fraction(10), Fraction(100)}
        for leaf in self.leaves:
            if leaf["ref"] == name and "value" in leaf:
                given = leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]]
                constants |= {oracle.plain(v) for v in given}
        ordered = sorted(constants)
        between = [(a + b) / 2 for a, b in pairwise(ordered)]
        return [
            _json_number(n)
            for n in [ordered[0] - 1, *sorted([*ordered, *between]), ordered[-1] + 1]
        ]


def _widen(ranges: dict[str, tuple[Fraction, Fraction]], name: str, value: Any) -> None:
    if value is not None:
        low, high = ranges.get(name, (value, value))
        ranges[name] = (min(low, value), max(high, value))


def _chosen(question: Json, value: Any, hidden: frozenset[str]) -> Iterator[str]:
    match question["type"]:
        case "single_choice" if value is not None:
            yield oracle.chosen(value)
        case "multi_choice" if value is not None:
            yield from (oracle.chosen(item) for item in value)
        case "ranking" if value is not None:
            yield from (o["id"] for o in question["options"] if o["id"] not in hidden)
        case _:
            pass


def _options(question: Json, hidden: frozenset[str]) -> list[Any]:
    return [
        {"choice": o["id"], "text": "why"} if o.get("text_entry") == "required" else o["id"]
        for o in question["options"]
        if o["id"] not in hidden
    ]


def _matrix(question: Json, hidden: frozenset[str]) -> Iterator[Any]:
    scale = question.get("scale")
    cells: list[Any] = (
        list(range(scale["min"], scale["max"] + 1))
        if scale
        else [option["id"] for option in question["options"]]
    )
    cells = [None, *cells, *([oracle.NOT_APPLICABLE] if question.get("not_applicable") else [])]
    shown = [row["id"] for row in question["rows"] if row["id"] not in hidden]
    for values in product(cells, repeat=len(shown)):
        yield {row: v for row, v in zip(shown, values, strict=True) if v is not None}


def _subsets(question: Json, hidden: frozenset[str]) -> Iterator[Any]:
    options = _options(question, hidden)
    for size in range(1, len(options) + 1):
        yield from (list(chosen) for chosen in combinations(options, size))


def _ranked(question: Json, hidden: frozenset[str]) -> Iterator[Any]:
    shown = [o["id"] for o in question["options"] if o["id"] not in hidden]
    yield shown[: question.get("max", len(shown))]


def _rated(question: Json, hidden: frozenset[str]) -> Iterator[Any]:
    yield from range(question.get("min", 1), question.get("max", 5) + 1)
    yield oracle.NOT_APPLICABLE


_CANDIDATES: dict[str, Any] = {
    "single_choice": _options,
    "multi_choice": _subsets,
    "ranking": _ranked,
    "rating": _rated,
    "nps": lambda q, hidden: range(11),
    "yes_no": lambda q, hidden: (True, False),
    "matrix": _matrix,
    "time": lambda q, hidden: MINUTES,
    "cascade": lambda q, hidden: (node["id"] for node in oracle.nodes(q["nodes"])),
    "consent": lambda q, hidden: [{"agreed": a, "version": q["version"]} for a in (True, False)],
    "picture_upload": lambda q, hidden: [["a1"]],
    "file_upload": lambda q, hidden: [["a1"]],
    "signature": lambda q, hidden: ["a1"],
    "statement": lambda q, hidden: [],
}


def _operands(value: Json) -> list[Any]:
    return [value["then"], value["else"]] if value["op"] == "if" else value["of"]


def _texts(found: list[Json]) -> list[str]:
    texts: set[str] = set()
    for leaf in found:
        given = leaf.get("value", [])
        texts |= {v for v in (given if isinstance(given, list) else [given]) if isinstance(v, str)}
    return sorted(texts)


def _days(document: Json) -> list[date]:
    """Days around all constants, with room at either end for each thing that is a day."""
    dates = sum(q["type"] == "date" for p in document["pages"] for q in p["questions"])
    margin = dates + 2
    first = FIRST_DAY - timedelta(margin)
    return [first + timedelta(i) for i in range((LAST_DAY - FIRST_DAY).days + 1 + 2 * margin)]


def _is_of(ref: str, name: str) -> bool:
    return ref == name or ref.startswith(f"{name}.")


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _json_number(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)

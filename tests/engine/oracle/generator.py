"""Random small surveys that pass `check`, and random answers to them, from a seeded generator."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
FORMAT = "huisheng.survey/1"
TEXT_CONSTANTS = ("red", "blue", "x", "42", "pain")
"""Texts that rules compare with; some questions cannot hold all of them."""
PATTERNS = ("[0-9]{2}", "(red|blue)", "[a-z]+", "[a-z]{1,3}")
DAYS = ("2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02")
MINUTES = ("08:58", "08:59", "09:00", "09:01")
DEPARTMENTS = ("d1", "d2", "surgery")
COMPUTED_OPS = ("sum", "mean", "min", "max", "count", "sub", "mul", "div", "if")
ORDERED_KINDS = ("number", "date", "time")
ORDERED_OPS = ("lt", "le", "gt", "ge")


@dataclass
class Ref:
    """A ref that rules may use from here on; `values` are literals worth comparing with."""

    name: str
    kind: str
    values: tuple[Any, ...] = ()
    question: bool = False
    lattice: bool = False
    """Whether its values are few, so that sums and comparisons with refs can be enumerated."""
    base: str = ""


@dataclass
class _Build:
    """A survey while it grows; `refs` holds what already stands earlier."""

    rng: random.Random
    wide: bool
    context: Json = field(default_factory=dict)
    refs: list[Ref] = field(default_factory=list)
    scorable: list[str] = field(default_factory=list)
    computed: list[Json] = field(default_factory=list)
    scores: list[Json] = field(default_factory=list)
    endings: list[Json] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    made: int = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, items: Any) -> Any:
        return self.rng.choice(list(items))

    def name(self, prefix: str) -> str:
        self.made += 1
        return f"{prefix}{self.made}"

    def text(self) -> str:
        if self.refs and self.chance(0.08):
            ref = self.pick(self.refs)
            return "t {{" + ref.name + "}}"
        return "t"


def survey(rng: random.Random, wide: bool = False) -> Json:
    """A survey of one to four pages.

    With `wide` it may have questions and rules whose answers cannot be enumerated.
    """
    build = _Build(rng, wide)
    _add_context(build)
    if build.chance(0.75):
        build.endings = [{"id": f"e{i}", "text": "bye"} for i in range(rng.choice((1, 2, 2, 3)))]
    count = rng.choice((1, 2, 2, 3, 3, 3, 4))
    names = [f"p{i}" for i in range(count)]
    pages = [_page(build, i, names) for i in range(count)]
    document: Json = {
        "format": FORMAT,
        "id": "form",
        "title": "t",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": pages,
    }
    alerts = _alerts(build)
    for member, value in (
        ("context", build.context),
        ("computed", build.computed),
        ("scores", build.scores),
        ("endings", build.endings),
        ("alerts", alerts),
    ):
        if value:
            document[member] = value
    return document


# -- what stands before the first page ------------------------------------------------------


def _add_context(build: _Build) -> None:
    if build.chance(0.4):
        for kind in build.rng.sample(("choice", "text", "number", "boolean", "date"), k=1):
            _declare(build, kind)
    if build.chance(0.12):
        build.refs.append(Ref("today", "date", DAYS[1:4]))


def _declare(build: _Build, kind: str) -> None:
    name = f"visit.{kind}"
    match kind:
        case "choice":
            values = ("op", "ip", "er")[: build.rng.choice((2, 3))]
            build.context[name] = {"type": kind, "values": list(values)}
            build.refs.append(Ref(name, "choice", values))
        case "number":
            build.context[name] = {"type": kind}
            if build.chance(0.5):
                build.context[name] |= {"min": 0, "max": 100}
            build.refs.append(Ref(name, "number", (0, 18, 64.5)))
        case "boolean":
            build.context[name] = {"type": kind}
            build.refs.append(Ref(name, "boolean", (True, False)))
        case "date":
            build.context[name] = {"type": kind}
            build.refs.append(Ref(name, "date", DAYS[1:4]))
        case _:
            build.context[name] = {"type": kind}
            build.refs.append(Ref(name, "text", TEXT_CONSTANTS))


# -- pages ----------------------------------------------------------------------------------


def _page(build: _Build, index: int, names: list[str]) -> Json:
    page: Json = {"id": names[index]}
    _add_values(build, 0.2)
    if build.refs and build.chance(0.3 if index else 0.1):
        page["show_if"] = rule(build)
    count = build.rng.choice((0, 1, 1, 2, 2, 2, 3) if index else (1, 2, 2, 3))
    page["questions"] = [_placed_question(build) for _ in range(count)]
    _add_values(build, 0.25)
    jumps = _jumps(build, names[index + 1 :])
    if not count and not jumps:
        jumps = [{"to": build.pick([*names[index + 1 :], "end"])}]
    if jumps:
        page["next"] = jumps
    return page


def _jumps(build: _Build, later: list[str]) -> list[Json]:
    if not build.chance(0.45):
        return []
    targets = ["end", *(f"end:{e['id']}" for e in build.endings)] + later * 3
    jumps: list[Json] = []
    for _ in range(build.rng.choice((1, 1, 2, 3))):
        jump: Json = {"to": build.pick(targets)}
        if build.refs and build.chance(0.85):
            jump["if"] = rule(build)
        jumps.append(jump)
    return jumps


def _alerts(build: _Build) -> list[Json]:
    if not build.refs or not build.chance(0.12):
        return []
    action = build.pick(({"open_case": "complaint"}, {"notify": "nurse"}))
    within = {"within": {"working_hours": 4}} if build.chance(0.5) else {}
    return [{"id": "alarm", "when": rule(build), **action, **within}]


# -- questions ------------------------------------------------------------------------------

_COMMON = ("single_choice", "multi_choice", "rating", "yes_no", "number", "text", "matrix", "date")
_OTHER = (
    "nps",
    "ranking",
    "time",
    "department",
    "staff",
    "cascade",
    "picture_upload",
    "file_upload",
    "signature",
    "consent",
    "statement",
)


def _placed_question(build: _Build) -> Json:
    kind = build.pick(_COMMON) if build.chance(0.75) else build.pick(_OTHER)
    if build.departments and build.chance(0.3):
        kind = "staff"
    question: Json = {"id": build.name("q"), "type": kind, "text": build.text()}
    if build.refs and build.chance(0.3):
        question["show_if"] = rule(build)
    if kind != "statement":
        if build.chance(0.45):
            question["required"] = True
        elif build.refs and build.chance(0.2):
            question["required"] = rule(build)
    refs = list(_MAKERS[kind](build, question))
    build.refs.extend(refs)
    _add_values(build, 0.08)
    return question


def _hide_some(build: _Build, parts: list[Json]) -> list[Json]:
    if build.refs and build.chance(0.2):
        for part in parts:
            if build.chance(0.5):
                part["show_if"] = rule(build, depth=1)
    return parts


def _options(build: _Build, low: int = 2, high: int = 3) -> list[Json]:
    count = build.rng.randint(low, high)
    return _hide_some(build, [{"id": f"o{i}", "text": "o"} for i in range(count)])


def _give_points(build: _Build, options: list[Json], choices: tuple[float, ...]) -> bool:
    for option in options:
        if build.chance(0.8):
            option["points"] = build.pick(choices)
    return any("points" in option for option in options)


def _enter_text(build: _Build, options: list[Json]) -> None:
    for option in options:
        if build.chance(0.08):
            option["text_entry"] = build.pick(("optional", "required"))


def _ids(parts: list[Json]) -> tuple[str, ...]:
    return tuple(part["id"] for part in parts)


def _single(build: _Build, q: Json) -> Iterator[Ref]:
    q["options"] = _options(build)
    _enter_text(build, q["options"])
    if build.chance(0.3) and _give_points(build, q["options"], (0, 20, 33.3, 100)):
        build.scorable.append(q["id"])
    if build.chance(0.05):
        q["shuffle"] = True
    yield Ref(q["id"], "choice", _ids(q["options"]), True, True)


def _multi(build: _Build, q: Json) -> Iterator[Ref]:
    q["options"] = _options(build, 2, 4 if build.wide else 3)
    _enter_text(build, q["options"])
    if build.chance(0.35):
        q["options"][-1]["exclusive"] = True
    if build.chance(0.2):
        q["min_selected"] = build.rng.randint(1, 2)
    if build.chance(0.2):
        q["max_selected"] = build.rng.randint(q.get("min_selected", 1), 3)
    if build.chance(0.3) and _give_points(build, q["options"], (-100, -20, 0, 30, 55.5, 80)):
        build.scorable.append(q["id"])
    yield Ref(q["id"], "set", _ids(q["options"]), True, True)
    yield Ref(f"{q['id']}.count", "number", (0, 1, 2, 3), False, True)


def _rating(build: _Build, q: Json) -> Iterator[Ref]:
    q["min"], q["max"] = build.pick(((1, 3), (1, 4), (0, 2), (1, 5)))
    steps = range(q["min"], q["max"] + 1)
    if build.chance(0.2):
        q["reverse"] = True
    elif build.chance(0.2):
        q["points"] = {str(s): build.pick((0, 12.5, 50, 90)) for s in steps if build.chance(0.8)}
    if build.chance(0.25):
        q["not_applicable"] = True
    build.scorable.append(q["id"])
    yield Ref(q["id"], "number", (*steps, q["max"] + 1), True, True)


def _nps(build: _Build, q: Json) -> Iterator[Ref]:
    build.scorable.append(q["id"])
    yield Ref(q["id"], "number", (0, 6, 8, 10, 11), True, True)


def _yes_no(build: _Build, q: Json) -> Iterator[Ref]:
    if build.chance(0.3):
        q["points"] = build.pick(({"yes": 100, "no": 0}, {"yes": 0}, {"no": 40}))
        build.scorable.append(q["id"])
    yield Ref(q["id"], "boolean", (True, False), True, True)


def _matrix(build: _Build, q: Json) -> Iterator[Ref]:
    rows = [{"id": f"r{i}", "text": "r"} for i in range(build.rng.choice((1, 2, 2)))]
    q["rows"] = _hide_some(build, rows)
    if build.chance(0.2):
        q["not_applicable"] = True
    if build.chance(0.3):
        kinds = (_ids(rows)[:1], len(rows), False)
        q["rows_required"] = build.pick(kinds)
        if isinstance(q["rows_required"], tuple):
            q["rows_required"] = list(q["rows_required"])
    if build.chance(0.5):
        q["scale"] = {"min": 1, "max": build.rng.choice((2, 3))}
        if build.chance(0.3):
            q["scale"]["reverse"] = True
        scored, values, kind = True, (0, 1, 2, 3), "number"
    else:
        q["options"] = [{"id": f"c{i}", "text": "c"} for i in range(2)]
        scored = build.chance(0.5) and _give_points(build, q["options"], (0, 25, 66.6, 100))
        values, kind = _ids(q["options"]), "choice"
    if scored:
        build.scorable.append(q["id"])
    yield Ref(q["id"], "opaque", (), True)
    for row in rows:
        yield Ref(f"{q['id']}.{row['id']}", kind, values, False, True)


def _ranking(build: _Build, q: Json) -> Iterator[Ref]:
    q["options"] = _options(build)
    if build.chance(0.4):
        q["max"] = build.rng.randint(1, 2)
    yield Ref(q["id"], "opaque", (), True)


def _text(build: _Build, q: Json) -> Iterator[Ref]:
    if build.chance(0.2):
        q["pattern"] = build.pick(PATTERNS)
    elif build.chance(0.15):
        q["format"] = build.pick(("phone_cn", "id_card_cn", "email"))
    elif build.chance(0.3):
        q["max_length"] = build.rng.randint(1, 3)
    if build.chance(0.1):
        q["min_length"] = 1
    yield Ref(q["id"], "text", TEXT_CONSTANTS, True)


def _number(build: _Build, q: Json) -> Iterator[Ref]:
    if build.chance(0.65):
        q |= build.pick(
            (
                {"min": 0, "max": 3, "step": 1},
                {"min": 1, "max": 2, "step": 0.5},
                {"min": -1, "max": 1, "step": 1},
                {"min": 0.1, "max": 0.3, "step": 0.1},
            )
        )
        values = tuple(round(q["min"] + i * q["step"], 1) for i in range(-1, 5))
        yield Ref(q["id"], "number", values, True, True)
    else:
        q |= build.pick(({}, {"min": 0}, {"max": 10}, {"min": 0, "max": 10}, {"step": 5}))
        yield Ref(q["id"], "number", (-1, 0, 2.5, 5, 10, 11), True)


def _date(build: _Build, q: Json) -> Iterator[Ref]:
    q |= build.pick(
        (
            {"min": DAYS[1], "max": DAYS[3]},
            {"min": DAYS[1], "max": DAYS[3]},
            {"min": DAYS[2]},
            {"max": "today"},
            {"min": DAYS[1], "max": "today"},
            {"min": "today", "max": DAYS[3]},
            {},
        )
    )
    yield Ref(q["id"], "date", DAYS, True, True)


def _time(build: _Build, q: Json) -> Iterator[Ref]:
    q |= build.pick(({"min": MINUTES[1], "max": MINUTES[2]}, {"min": MINUTES[1]}, {}))
    yield Ref(q["id"], "time", MINUTES, True, "max" in q)


def _department(build: _Build, q: Json) -> Iterator[Ref]:
    build.departments.append(q["id"])
    if build.chance(0.3):
        q["within"] = {"sites": ["main"]}
    yield Ref(q["id"], "text", DEPARTMENTS, True)


def _staff(build: _Build, q: Json) -> Iterator[Ref]:
    if build.departments and build.chance(0.8):
        q["of"] = build.pick(build.departments)
    yield Ref(q["id"], "text", ("s1", "s2"), True)


def _cascade(build: _Build, q: Json) -> Iterator[Ref]:
    low = [{"id": "n2", "text": "n"}, {"id": "n3", "text": "n"}]
    q["nodes"] = [{"id": "n1", "text": "n", "nodes": low}, {"id": "n4", "text": "n"}]
    if build.chance(0.5):
        q["leaf_only"] = True
    yield Ref(q["id"], "choice", ("n1", "n2", "n3", "n4"), True, True)


def _upload(build: _Build, q: Json) -> Iterator[Ref]:
    if build.chance(0.3):
        q["max_files"] = 1
    yield Ref(q["id"], "opaque", (), True)


def _signature(build: _Build, q: Json) -> Iterator[Ref]:
    yield Ref(q["id"], "opaque", (), True)


def _consent(build: _Build, q: Json) -> Iterator[Ref]:
    q |= {"document": "privacy", "version": 2}
    yield Ref(q["id"], "boolean", (True, False), True, True)


def _statement(build: _Build, q: Json) -> Iterator[Ref]:
    yield from ()


_MAKERS = {
    "single_choice": _single,
    "multi_choice": _multi,
    "rating": _rating,
    "nps": _nps,
    "yes_no": _yes_no,
    "matrix": _matrix,
    "ranking": _ranking,
    "text": _text,
    "number": _number,
    "date": _date,
    "time": _time,
    "department": _department,
    "staff": _staff,
    "cascade": _cascade,
    "picture_upload": _upload,
    "file_upload": _upload,
    "signature": _signature,
    "consent": _consent,
    "statement": _statement,
}


# -- computed values and scores ---------------------------------------------------------------


def _add_values(build: _Build, share: float) -> None:
    if build.chance(share):
        _add_computed(build)
    if build.chance(share * 1.2):
        _add_score(build)


def _numbers(build: _Build) -> list[str]:
    return [r.name for r in build.refs if r.kind == "number" and (build.wide or r.lattice)]


def _add_computed(build: _Build) -> None:
    numbers = _numbers(build)
    if not numbers:
        return
    op = build.pick(COMPUTED_OPS)
    constants = (0, 1, 2, 0.5, -1.25, 10)
    value: Json = {"op": op}

    def operand() -> Any:
        return build.pick(numbers) if build.chance(0.8) else build.pick(constants)

    match op:
        case "sub":
            value["of"] = [operand(), operand()]
        case "mul":
            value["of"] = [build.pick(numbers), build.pick(constants)]
            build.rng.shuffle(value["of"])
        case "div":
            literal_last = build.chance(0.5)
            ref, literal = build.pick(numbers), build.pick(constants[1:])
            value["of"] = [ref, literal] if literal_last else [literal, ref]
        case "if":
            value |= {"when": rule(build), "then": operand(), "else": operand()}
        case _:
            value["of"] = [operand() for _ in range(build.rng.randint(1, 3))]
    name = build.name("v")
    build.computed.append({"id": name, "value": value})
    build.refs.append(Ref(name, "number", (0, 1, 1.5, 2, 3), False, True))


def _add_score(build: _Build) -> None:
    members = [*build.scorable, *(f"score.{s['id']}" for s in build.scores)]
    if not members:
        return
    of = build.rng.sample(members, k=min(len(members), build.rng.randint(1, 3)))
    if build.scores and build.chance(0.4) and not any(m.startswith("score.") for m in of):
        of.append(f"score.{build.scores[-1]['id']}")
    method = build.pick(("mean", "mean", "sum", "min", "max"))
    score: Json = {"id": build.name("s"), "of": of, "method": method}
    if method in ("mean", "sum") and build.chance(0.4):
        score["weights"] = {m: build.pick((2, 0.5, 1.25, 3)) for m in of if build.chance(0.7)}
    if build.chance(0.25):
        score["min_answered"] = build.rng.randint(1, len(of))
    build.scores.append(score)
    name = f"score.{score['id']}"
    build.refs.append(Ref(name, "number", (0, 25, 50, 60.5, 100), False, True))


# -- rules ------------------------------------------------------------------------------------


def rule(build: _Build, depth: int = 3) -> Json:
    """A rule over what stands earlier."""
    roll = build.rng.random()
    if depth > 1 and roll < 0.30:
        op = build.pick(("all", "any"))
        count = build.rng.choice((0, 1, 2, 2, 2, 3)) if build.chance(0.35) else 2
        return {"op": op, "of": [rule(build, depth - 1) for _ in range(count)]}
    if depth > 1 and roll < 0.42:
        return {"op": "not", "of": rule(build, depth - 1)}
    return _leaf(build)


def _leaf(build: _Build) -> Json:
    recent = build.refs[-6:]
    special = [r for r in build.refs if not r.question]
    ref = build.pick(special if special and build.chance(0.35) else recent)
    if ref.kind == "opaque" or build.chance(0.12):
        return {"op": "answered", "ref": ref.name}
    if ref.kind == "set":
        op = build.pick(("has_any", "has_all", "has_none"))
        count = build.rng.choice((0, 1, 1, 2, 2, 2))
        return {"op": op, "ref": ref.name, "value": build.rng.sample(ref.values, k=count)}
    ops = ["eq", "ne", "in"] + list(ORDERED_OPS) * (ref.kind in ORDERED_KINDS)
    op = build.pick(ops)
    if op == "in":
        count = build.rng.randint(1, 2)
        return {"op": op, "ref": ref.name, "value": build.rng.sample(ref.values, k=count)}
    others = [
        r
        for r in build.refs
        if r.kind == ref.kind and r.name != ref.name and (build.wide or _enumerable(ref, r))
    ]
    if others and build.chance(0.2):
        return {"op": op, "ref": ref.name, "other": build.pick(others).name}
    return {"op": op, "ref": ref.name, "value": build.pick(ref.values)}


def _enumerable(one: Ref, two: Ref) -> bool:
    """Whether a comparison of the two can be settled by a few values of each."""
    return one.kind in ("text", "date") or (one.lattice and two.lattice)


# -- answers ----------------------------------------------------------------------------------

BAD = (
    7777,
    -1,
    2.25,
    True,
    "nowhere",
    [],
    ["nowhere"],
    {},
    {"choice": "nowhere"},
    {"choice": 3},
    "a\u0000b",
    ["o0", "o0"],
    {"nowhere": 1},
    {"not_applicable": True},
    {"not_applicable": False},
    None,
    "",
    " \n",
    [None],
    1e300,
    "2023-02-29",
    "24:00",
)


def answers(rng: random.Random, document: Json, good_share: float = 0.8) -> Json:
    """Answers to a survey: good ones, bad ones, none, hidden ones and ids that do not exist."""
    given: Json = {}
    for page in document["pages"]:
        for question in page["questions"]:
            roll = rng.random()
            if roll < good_share:
                given[question["id"]] = good_answer(rng, question)
            elif roll < good_share + 0.08:
                given[question["id"]] = rng.choice(BAD)
    if rng.random() < 0.1:
        given["ghost"] = rng.choice(BAD)
    if rng.random() < 0.3:
        items = list(given.items())
        rng.shuffle(items)
        given = dict(items)
    return given


def _entered(rng: random.Random, option: Json) -> Any:
    entry = option.get("text_entry")
    if entry == "required" or (entry and rng.random() < 0.6):
        return {"choice": option["id"], "text": rng.choice(("e\u0301t\u00e9 ", "why"))}
    return {"choice": option["id"]} if rng.random() < 0.05 else option["id"]


def good_answer(rng: random.Random, question: Json) -> Any:
    """An answer that fits the question where its limits and hidden options allow it (mostly)."""
    return _ANSWERS[question["type"]](rng, question)


def _answer_multi(rng: random.Random, q: Json) -> Any:
    if rng.random() < 0.15:
        return [_entered(rng, q["options"][-1])]
    count = rng.randint(1, min(len(q["options"]), q.get("max_selected", 9)))
    return [_entered(rng, o) for o in rng.sample(q["options"], k=count)]


def _answer_rating(rng: random.Random, q: Json) -> Any:
    if q.get("not_applicable") and rng.random() < 0.3:
        return {"not_applicable": True}
    value = rng.randint(q.get("min", 1), q.get("max", 5))
    return float(value) if rng.random() < 0.1 else value


def _answer_matrix(rng: random.Random, q: Json) -> Any:
    value: Json = {}
    for row in q["rows"]:
        if q.get("not_applicable") and rng.random() < 0.3:
            value[row["id"]] = {"not_applicable": True}
        elif rng.random() < 0.85:
            scale = q.get("scale")
            value[row["id"]] = (
                rng.randint(scale["min"], scale["max"])
                if scale
                else rng.choice([o["id"] for o in q["options"]])
            )
        elif rng.random() < 0.3:
            value[row["id"]] = rng.choice((None, 99, "nowhere", {"not_applicable": True}))
    return value


def _answer_ranking(rng: random.Random, q: Json) -> Any:
    ids = [o["id"] for o in q["options"]]
    rng.shuffle(ids)
    return ids[: q["max"]] if "max" in q else ids[: rng.choice((len(ids), len(ids), 1))]


def _answer_text(rng: random.Random, q: Json) -> Any:
    samples = {
        "phone_cn": ("13800138000", "12345"),
        "id_card_cn": ("11010519491231002X", "11010519491231002x", "110105194912310021"),
        "email": ("a@b.cn", "a@b"),
    }.get(q.get("format", ""), (*TEXT_CONSTANTS, " red ", "\u91cd\u75bc", "longer text"))
    return rng.choice(samples)


def _answer_number(rng: random.Random, q: Json) -> Any:
    low, high = q.get("min", -2), q.get("max", 12)
    step = q.get("step", 0.5)
    return round(low + rng.randint(0, int((high - low) / step + 0.001)) * step, 2)


def _answer_consent(rng: random.Random, q: Json) -> Any:
    return {"agreed": rng.random() < 0.7, "version": rng.choice((2, 2, 2, 2.0, 1))}


_ANSWERS: dict[str, Any] = {
    "single_choice": lambda rng, q: _entered(rng, rng.choice(q["options"])),
    "multi_choice": _answer_multi,
    "rating": _answer_rating,
    "nps": lambda rng, q: rng.randint(0, 10),
    "yes_no": lambda rng, q: rng.random() < 0.5,
    "matrix": _answer_matrix,
    "ranking": _answer_ranking,
    "text": _answer_text,
    "number": _answer_number,
    "date": lambda rng, q: rng.choice(DAYS),
    "time": lambda rng, q: rng.choice(MINUTES),
    "department": lambda rng, q: rng.choice(DEPARTMENTS),
    "staff": lambda rng, q: rng.choice(("s1", "s2")),
    "cascade": lambda rng, q: rng.choice(("n1", "n2", "n3", "n4")),
    "picture_upload": lambda rng, q: ["a1"],
    "file_upload": lambda rng, q: rng.choice((["a1"], ["a1", "a2"])),
    "signature": lambda rng, q: "a1",
    "consent": _answer_consent,
    "statement": lambda rng, q: rng.choice((None, "read", True)),
}


def context(rng: random.Random, document: Json) -> Json:
    """Context values: fitting ones, none, misfits, and an undeclared key."""
    given: Json = {}
    for name, declared in document.get("context", {}).items():
        if rng.random() < 0.8:
            given[name] = _context_value(rng, declared)
        elif rng.random() < 0.5:
            given[name] = rng.choice((-1000.5, "nowhere", ["x"], {}, 1e300, "2024-02-30"))
    if rng.random() < 0.05:
        given["visit.ghost"] = 1
    return given


def _context_value(rng: random.Random, declared: Json) -> Any:
    match declared["type"]:
        case "choice":
            return rng.choice(declared["values"])
        case "number":
            return rng.choice((0, 18, 64.5, 65, 100, 7.0))
        case "boolean":
            return rng.random() < 0.5
        case "date":
            return rng.choice(DAYS)
        case _:
            return rng.choice(TEXT_CONSTANTS)

"""Random surveys that name their parts in every place that can name one.

Every id is a word of its own (`t7t`), so that a plain search of the text finds all mentions of a
part, and nothing else; `spelled` writes the same survey with ids that people give: options of two
questions that are called alike, a row called as its question, a name that begins another.
"""

import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Ref = tuple[str, str, tuple[str, ...]]
"""A name that rules may use, its kind, and the values that it may have."""

WORD = re.compile(r"t\d+t")
OUTER = ("a", "a1", "a11", "aa", "b", "b_2", "ab", "s", "sc", "page", "page_2", "wait", "x", "xx")
CONTEXT = ("ward", "ward.bed", "ward.bed.side", "day", "day.part", "wardrobe")


def spelled(text: str, names: Mapping[str, str]) -> str:
    """A text with each word of the map replaced by what it stands for."""
    return WORD.sub(lambda word: names.get(word[0], word[0]), text)


class Survey:
    """A random survey, grown from the first page to the last."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.count = 0
        self.refs: list[Ref] = []
        self.addresses: dict[str, str] = {}
        """Of each word: the address of the part that bears it."""
        self.answers: Json = {}
        self.context: Json = {}
        self.document = self._made()

    @property
    def text(self) -> str:
        """The document as JSON."""
        return json.dumps(self.document, ensure_ascii=False)

    def collisions(self) -> dict[str, str]:
        """A name for each word, as alike as they may be."""
        rng = self.rng
        names: dict[str, str] = {}
        outer = [word for word, at in self.addresses.items() if "/" not in at]
        pool = [*OUTER, *(f"n{i}" for i in range(len(outer)))]
        chosen = [*rng.sample(pool[:14], min(14, len(outer))), *pool[14:]]
        names |= dict(zip(outer, chosen, strict=False))
        declared = [word for word, at in self.addresses.items() if at.startswith("context/")]
        names |= dict(zip(declared, rng.sample(CONTEXT, len(declared)), strict=True))
        inner: dict[str, list[str]] = {}
        for word, at in self.addresses.items():
            if "/" in at and word not in names:
                inner.setdefault(at.rpartition("/")[0], []).append(word)
        for home, words in inner.items():
            question = names[home.partition("/")[0]]
            usual = [question, *(name for name in OUTER if name != question)]
            names |= dict(zip(words, [*usual[:1], *rng.sample(usual[1:], 12)], strict=False))
        return names

    # -- words ------------------------------------------------------------------------------

    def word(self, at: str = "{}") -> str:
        """A new id; `at` is the address of what bears it."""
        self.count += 1
        word = f"t{self.count}t"
        self.addresses[word] = at.format(word)
        return word

    def says(self, words: str) -> Json:
        """A text in two languages, each with placeholders of what is known so far."""
        return {
            "zh-CN": f"{words}{self._placeholders()}",
            "en": f"{words} {self._placeholders()} \\{{{{a}}}}",
        }

    def _placeholders(self) -> str:
        known = [name for name, kind, _ in self.refs if kind != "set" or "." not in name]
        chosen = self.rng.sample(known, min(len(known), self.rng.randrange(3)))
        return "".join(self.rng.choice(("{{%s}}", "{{ %s }}")) % name for name in chosen)

    # -- rules ------------------------------------------------------------------------------

    def rule(self, depth: int = 2) -> Json:
        """A rule over what is known so far."""
        kind = self.rng.random() if depth else 1
        if kind < 0.3:
            parts = [self.rule(depth - 1), self.rule(depth - 1)]
            return {"op": self.rng.choice(("all", "any")), "of": parts}
        return {"op": "not", "of": self.rule(depth - 1)} if kind < 0.4 else self._leaf()

    def _leaf(self) -> Json:
        name, kind, values = self.rng.choice(self.refs)
        others = [n for n, k, _ in self.refs if kind == "number" == k and n != name]
        match kind:
            case "choice":
                wanted: Any = self.rng.sample(values, self.rng.randint(1, len(values)))
                if self.rng.random() < 0.5:
                    return {"op": "in", "ref": name, "value": wanted}
                return {"op": self.rng.choice(("eq", "ne")), "ref": name, "value": wanted[0]}
            case "set":
                op = self.rng.choice(("has_any", "has_all", "has_none"))
                return {"op": op, "ref": name, "value": [self.rng.choice(values)]}
            case "number" if others and self.rng.random() < 0.4:
                return {"op": "le", "ref": name, "other": self.rng.choice(others)}
            case "number":
                return {"op": self.rng.choice(("le", "ge", "eq")), "ref": name, "value": 2}
            case "boolean":
                return {"op": "eq", "ref": name, "value": self.rng.random() < 0.5}
            case _:
                return {"op": "answered", "ref": name}

    def ruled(self, part: Json, *members: str) -> Json:
        """The part with a rule here and there."""
        for member in members:
            if self.refs and self.rng.random() < 0.35:
                part[member] = self.rule()
        return part

    # -- questions --------------------------------------------------------------------------

    def question(self, kind: str) -> Json:
        """A question of this type; rules behind it may use it."""
        name = self.word()
        made: Json = {"id": name, "type": kind, "text": self.says("问"), "hint": self.says("注")}
        if kind != "statement":
            self.ruled(made, "required")
        self.ruled(made, "show_if")
        TYPES[kind](self, made)
        return made

    def parts(self, made: Json, member: str, low: int = 2) -> list[str]:
        """Options or rows, some with rules and points; their ids."""
        words = [self.word(f"{made['id']}/{member}/{{}}") for _ in range(self.rng.randint(low, 3))]
        made[member] = [{"id": one, "text": self.says("项")} for one in words]
        if made["type"] != "ranking" and not (made["type"] == "matrix" and member == "options"):
            made[member] = [self.ruled(one, "show_if") for one in made[member]]
        if member == "options" and made["type"] in ("single_choice", "multi_choice"):
            for one in made[member]:
                one["points"] = self.rng.choice((0, 50, 100))
        return words

    def choice(self, made: Json) -> None:
        words = self.parts(made, "options")
        self.refs.append((made["id"], "choice", tuple(words)))
        free = self.rng.random() < 0.4
        made["options"][0] |= {"text_entry": "optional"} if free else {}
        self.answers[made["id"]] = {"choice": words[0], "text": "话"} if free else words[-1]

    def several(self, made: Json) -> None:
        words = self.parts(made, "options")
        self.refs.append((made["id"], "set", tuple(words)))
        self.refs.append((f"{made['id']}.count", "number", ()))
        self.answers[made["id"]] = words[:2]

    def rank(self, made: Json) -> None:
        words = self.parts(made, "options")
        self.refs.append((made["id"], "opaque", ()))
        self.answers[made["id"]] = words[::-1]

    def grid(self, made: Json) -> None:
        rows = self.parts(made, "rows")
        if self.rng.random() < 0.5:
            made["rows_required"] = self.rng.sample(rows, self.rng.randint(1, len(rows)))
        if self.rng.random() < 0.5:
            made["scale"] = {"min": 1, "max": 3, "labels": {"1": self.says("差")}}
            kind, values, answer = "number", (), 2
        else:
            columns = self.parts(made, "options")
            kind, values, answer = "choice", tuple(columns), columns[0]
        self.refs += [(f"{made['id']}.{row}", kind, values) for row in rows]
        self.answers[made["id"]] = dict.fromkeys(rows, answer)

    def tree(self, made: Json) -> None:
        at = f"{made['id']}/nodes/{{}}"
        top = [self.word(at), self.word(at)]
        below = [self.word(at), self.word(at)]
        inside: list[Json] = [{"id": one, "text": self.says("区")} for one in below]
        nodes: list[Json] = [{"id": one, "text": self.says("地")} for one in top]
        nodes[0]["nodes"] = inside
        made["nodes"] = nodes
        self.refs.append((made["id"], "choice", (*top, *below)))
        self.answers[made["id"]] = self.rng.choice([*top, *below])

    def rate(self, made: Json) -> None:
        made["labels"] = {"1": self.says("差"), "5": self.says("好")}
        self.refs.append((made["id"], "number", ()))
        self.answers[made["id"]] = self.rng.randint(1, 5)

    def agree(self, made: Json) -> None:
        made["labels"] = {"yes": self.says("是")}
        self.refs.append((made["id"], "boolean", ()))
        self.answers[made["id"]] = True

    def ask_department(self, made: Json) -> None:
        self.refs.append((made["id"], "department", ()))

    def ask_staff(self, made: Json) -> None:
        departments = [name for name, kind, _ in self.refs if kind == "department"]
        if departments:
            made["of"] = self.rng.choice(departments)
        self.refs.append((made["id"], "opaque", ()))

    def tell(self, made: Json) -> None:
        made["media"] = [{"asset": f"sha256:{'a' * 64}", "alt": self.says("图")}]

    # -- the whole --------------------------------------------------------------------------

    def _made(self) -> Json:
        declared = self._declared()
        pages = [self._page() for _ in range(self.rng.randint(2, 3))]
        computed = [self._computed() for _ in range(2)]
        scores = self._scores([q for page in pages for q in page["questions"]])
        pages.append(self._page())
        endings: list[Json] = [
            {"id": self.word(), "title": self.says("完"), "text": self.says("谢")} for _ in range(2)
        ]
        self._jumps(pages, [one["id"] for one in endings])
        alerts = [{"id": self.word(), "title": self.says("警"), "when": self.rule(),
                   "notify": "head"}]  # fmt: skip
        walks = [self._walk(pages, scores, endings)] if self.rng.random() < 0.5 else []
        return {
            "format": "huisheng.survey/1", "id": "sample", "kind": "survey",
            "title": {"zh-CN": "样例", "en": "Sample"}, "languages": ["zh-CN", "en"],
            "context": declared, "pages": pages, "computed": computed, "scores": scores,
            "endings": endings, "alerts": alerts, "walks": walks,
        }  # fmt: skip

    def _declared(self) -> Json:
        kinds = self.rng.sample(("text", "number", "boolean", "choice", "date"), 3)
        found: Json = {}
        for kind in kinds:
            name = self.word("context/{}")
            found[name] = {"type": kind, "title": {"zh-CN": "境", "en": "C"}}
            values = ("in", "out") if kind == "choice" else ()
            found[name] |= {"values": list(values)} if values else {}
            self.refs.append((name, kind, values))
            given = {"text": "w", "number": 2, "boolean": True, "choice": "in"}
            self.context[name] = given.get(kind, "2026-01-02")
        return found

    def _page(self) -> Json:
        made: Json = self.ruled({"id": self.word(), "title": self.says("页")}, "show_if")
        kinds = [self.rng.choice(list(TYPES)) for _ in range(self.rng.randint(2, 4))]
        return made | {"questions": [self.question(kind) for kind in kinds]}

    def _numbers(self) -> list[str]:
        return [
            name for name, kind, _ in self.refs if kind == "number" and name not in self.context
        ]

    def _computed(self) -> Json:
        numbers = [*self._numbers(), 1]
        made: Json = {"id": self.word(), "title": self.says("算")}
        if self.rng.random() < 0.5:
            then, other = self.rng.choice(numbers), self.rng.choice(numbers)
            made["value"] = {"op": "if", "when": self.rule(), "then": then, "else": other}
        else:
            some = self.rng.sample(numbers, min(3, len(numbers)))
            made["value"] = {"op": self.rng.choice(("sum", "mean", "count")), "of": some}
        self.refs.append((made["id"], "number", ()))
        return made

    def _scores(self, questions: list[Json]) -> list[Json]:
        scored = ("rating", "single_choice", "multi_choice", "yes_no")
        members = [q["id"] for q in questions if q["type"] in scored]
        if not members:
            return []
        made: list[Json] = []
        for _ in range(2):
            of = self.rng.sample(members, self.rng.randint(1, len(members)))
            some = self.rng.sample(of, self.rng.randint(0, len(of)))
            score = {"id": self.word(), "title": self.says("分"), "of": of}
            made.append(score | ({"weights": dict.fromkeys(some, 2)} if some else {}))
            members.append(f"score.{score['id']}")
            self.refs.append((f"score.{score['id']}", "number", ()))
        return made

    def _jumps(self, pages: list[Json], endings: list[str]) -> None:
        """Rules of jumps speak of the context, which is known everywhere."""
        known, self.refs = self.refs, self.refs[:3]
        for i, page in enumerate(pages):
            later = [one["id"] for one in pages[i + 1 :]]
            targets = [*later, "end", *(f"end:{one}" for one in endings)]
            if self.rng.random() < 0.6:
                page["next"] = [{"if": self.rule(), "to": self.rng.choice(targets)}]
        self.refs = known

    def _walk(self, pages: list[Json], scores: list[Json], endings: list[Json]) -> Json:
        asked = [q["id"] for page in pages for q in page["questions"]]
        expect: Json = {"asked": asked, "ending": self.rng.choice(endings)["id"]}
        if scores:
            expect["scores"] = {one["id"]: 50 for one in scores}
        return {"id": self.word(), "title": "一位患者", "answers": self.answers,
                "context": self.context, "expect": expect}  # fmt: skip


TYPES: dict[str, Callable[[Survey, Json], None]] = {
    "single_choice": Survey.choice,
    "multi_choice": Survey.several,
    "ranking": Survey.rank,
    "matrix": Survey.grid,
    "cascade": Survey.tree,
    "rating": Survey.rate,
    "yes_no": Survey.agree,
    "department": Survey.ask_department,
    "staff": Survey.ask_staff,
    "statement": Survey.tell,
}

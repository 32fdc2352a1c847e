"""Random surveys whose pages jump, whose questions and options stand under nested rules, whose
scores and computed values are read by rules; and random answers to them."""

import random
from typing import Any

import msgspec

import engine

Made = dict[str, Any]
TYPES = ("rating", "nps", "single_choice", "multi_choice", "yes_no", "number", "matrix", "date")
OPTIONS = ("a", "b", "c")


class Writer:
    """Draws one survey; `refs` are what rules may read so far, by kind."""

    def __init__(self, seed: int, with_scores: bool = True) -> None:
        self.dice = random.Random(seed)
        self.with_scores = with_scores
        self.refs: list[tuple[str, str]] = []

    def survey(self) -> engine.Document | None:
        """A survey without errors, None where the dice made one with some."""
        dice = self.dice
        pages: list[Made] = []
        count = dice.randint(3, 5)
        computed: list[Made] = []
        scores: list[Made] = []
        for p in range(count):
            pages.append(self.page(p, count))
            numbers = [ref for ref, kind in self.refs if kind == "number" and "." not in ref]
            if len(numbers) > 1 and dice.random() < 0.4:
                name, members = f"c{p}", dice.sample(numbers, 2)
                op = dice.choice(("sum", "mean", "count", "sub"))
                computed.append({"id": name, "value": {"op": op, "of": members}})
                self.refs.append((name, "number"))
            scored = [ref for ref, kind in self.refs if kind in ("number", "grid", "choice", "set")
                      and ref[0] in "rngsm"]  # fmt: skip
            if self.with_scores and len(scored) > 1 and dice.random() < 0.4:
                scores.append(self.score(f"sc{p}", dice.sample(scored, 2)))
                self.refs.append((f"score.sc{p}", "number"))
        document = {
            "format": "huisheng.survey/1", "id": "form", "title": "t", "languages": ["zh-CN"],
            "kind": "survey", "pages": pages, "computed": computed, "scores": scores,
        }  # fmt: skip
        parsed = engine.parse(engine_json(document))
        return None if engine.check_parsed(parsed) else parsed.document

    def score(self, name: str, members: list[str]) -> Made:
        method = self.dice.choice(("mean", "sum", "max"))
        made: Made = {"id": name, "of": members, "method": method}
        if method != "max" and self.dice.random() < 0.5:
            made["weights"] = {members[0]: 2.5}
        if self.dice.random() < 0.3:
            made["min_answered"] = 2
        return made

    def page(self, p: int, count: int) -> Made:
        dice = self.dice
        page: Made = {"id": f"p{p}", "questions": []}
        if p and dice.random() < 0.3:
            page["show_if"] = self.rule(2)
        for q in range(dice.randint(1, 3)):
            page["questions"].append(self.question(f"{p}{q}"))
        later = [f"p{n}" for n in range(p + 1, count)] + ["end"]
        if p < count - 1 and dice.random() < 0.6:
            page["next"] = [{"if": self.rule(1), "to": dice.choice(later)}
                            for _ in range(dice.randint(1, 2))]  # fmt: skip
            if dice.random() < 0.2:
                page["next"].append({"to": dice.choice(later)})
        return page

    def question(self, mark: str) -> Made:
        dice, kind = self.dice, self.dice.choice(TYPES)
        initial = {"rating": "r", "nps": "n", "single_choice": "s", "multi_choice": "m",
                   "yes_no": "b", "number": "v", "matrix": "g", "date": "d"}[kind]  # fmt: skip
        made: Made = {"id": f"{initial}{mark}", "type": kind, "text": "t"}
        if self.refs and dice.random() < 0.4:
            made["show_if"] = self.rule(2)
        if kind in ("single_choice", "multi_choice"):
            made["options"] = [self.option(one, n) for n, one in enumerate(OPTIONS)]
            if dice.random() < 0.3:
                made["options"].append({"id": "other", "text": "o", "text_entry": "required"})
        if kind == "matrix":
            made |= {"rows": [{"id": one, "text": one} for one in OPTIONS[:2]],
                     "scale": {"min": 1, "max": 5, "reverse": dice.random() < 0.5}}  # fmt: skip
        if kind == "rating":
            made["reverse"] = dice.random() < 0.5
        kinds = {"single_choice": "choice", "multi_choice": "set", "yes_no": "boolean",
                 "date": "date", "matrix": "grid"}  # fmt: skip
        self.refs.append((made["id"], kinds.get(kind, "number")))
        if kind == "matrix":
            self.refs.append((f"{made['id']}.a", "number"))
        return made

    def option(self, name: str, n: int) -> Made:
        made: Made = {"id": name, "text": name, "points": n * 30}
        if self.refs and self.dice.random() < 0.15:
            made["show_if"] = self.rule(1)
        return made

    def rule(self, depth: int) -> Made:
        dice = self.dice
        if not self.refs:
            return {"op": "all", "of": []}
        if depth and dice.random() < 0.6:
            op = dice.choice(("all", "any", "not"))
            if op == "not":
                return {"op": "not", "of": self.rule(depth - 1)}
            return {"op": op, "of": [self.rule(depth - 1) for _ in range(dice.randint(1, 3))]}
        ref, kind = dice.choice(self.refs)
        if kind == "grid" or dice.random() < 0.15:
            return {"op": "answered", "ref": ref}
        return {"ref": ref} | self.comparison(kind)

    def comparison(self, kind: str) -> Made:
        dice = self.dice
        match kind:
            case "choice" if dice.random() < 0.5:
                return {"op": "in", "value": dice.sample(OPTIONS, 2)}
            case "choice":
                return {"op": dice.choice(("eq", "ne")), "value": dice.choice(OPTIONS)}
            case "set":
                op = dice.choice(("has_any", "has_all", "has_none"))
                return {"op": op, "value": dice.sample(OPTIONS, dice.randint(1, 2))}
            case "boolean":
                return {"op": dice.choice(("eq", "ne")), "value": dice.random() < 0.5}
            case "date":
                return {"op": dice.choice(("lt", "ge", "eq")), "value": "2026-01-02"}
            case _:
                op = dice.choice(("eq", "ne", "lt", "le", "gt", "ge"))
                return {"op": op, "value": dice.randint(1, 5)}

    def answers(self, document: engine.Document) -> Made:
        """Answers to most of the questions."""
        dice = self.dice
        drawn: dict[str, Any] = {
            "r": lambda: dice.randint(1, 5), "n": lambda: dice.randint(0, 10),
            "s": lambda: dice.choice((*OPTIONS, {"choice": "other", "text": "x"})),
            "m": lambda: dice.sample(OPTIONS, dice.randint(1, 3)), "b": lambda: dice.random() < 0.5,
            "v": lambda: dice.randint(0, 6), "d": lambda: f"2026-01-0{dice.randint(1, 3)}",
            "g": lambda: {row: dice.randint(1, 5) for row in dice.sample(OPTIONS[:2], 1)},
        }  # fmt: skip
        names = [question.id for page in document.pages for question in page.questions]
        return {name: drawn[name[0]]() for name in names if dice.random() < 0.75}


def engine_json(document: Made) -> bytes:
    """A document as bytes."""
    return msgspec.json.encode(document)


def surveys(count: int, with_scores: bool = True) -> list[tuple[Writer, engine.Document]]:
    """So many surveys, each with the writer that draws answers to it."""
    found: list[tuple[Writer, engine.Document]] = []
    seed = 0
    while len(found) < count:
        writer = Writer(seed, with_scores)
        document = writer.survey()
        if document is not None:
            found.append((writer, document))
        seed += 1
    return found

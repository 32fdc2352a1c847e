"""Turns a checked document into one generated Python function that evaluates it.

The function is written from the validated structs alone: ids reach it as constants, never as text
of the document, so nothing an author writes is ever executed. Rules become two-valued tests:
`_true` writes a test that holds where the rule is true, `_false` one that holds where it is false,
and where neither holds the rule is unknown (Kleene's logic without a third value at run time).
"""

from collections.abc import Callable, Container, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from engine.arithmetic import Member, computed_value, printed, score_value
from engine.context import read_context
from engine.definition import Computed, Document, If, Page, Score
from engine.evaluation import Evaluation, ScoreValue
from engine.numbers import exact, rounded
from engine.points import denominators, scaled_points
from engine.problems import Problem, pointer
from engine.questions import Question
from engine.questions.base import NO_IDS, Bounds, QuestionBase, Read, is_unanswered
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
    Scalar,
    refs,
)
from engine.ruletree import (
    Any as AnyOf,
)
from engine.scope import BEFORE_ALL, Ref, Scope, operands

Evaluate = Callable[
    [Mapping[str, Any], Mapping[str, Any], str | None, Mapping[str, Container[str]] | None],
    Evaluation,
]
_INVERSE: dict[type[Comparison], type[Comparison]] = {
    Eq: Ne, Ne: Eq, Lt: Ge, Ge: Lt, Gt: Le, Le: Gt,
}  # fmt: skip


def compile_evaluate(document: Document) -> Evaluate:
    """The evaluation function of a document without errors."""
    return _Writer(document).compile()


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.scope = Scope(document)
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Evaluation": Evaluation,
            "Score": ScoreValue,
            "Fraction": Fraction,
            "rounded": rounded,
            "printed": printed,
            "exact": exact,
            "no_ids": NO_IDS,
            "bounds": Bounds,
            "read_context": read_context,
            "context_fields": document.context,
            "is_unanswered": is_unanswered,
        }
        self.numbers = {q: n for n, q in enumerate(self.scope.place)}
        self.needed = self._needed()
        self.scored = {m for s in document.scores for m in s.of if not m.startswith("score.")}
        self.exact_scores = {n for n in self.needed if n.startswith("score.")} | {
            m for s in document.scores for m in s.of if m.startswith("score.")
        }
        self.unit = _common_unit(self.scope, self.scored)
        self.done: set[str] = set()

    # -- small pieces -----------------------------------------------------------------------

    def write(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def constant(self, value: Any) -> str:
        name = f"K{len(self.names)}"
        self.names[name] = value
        return name

    def _needed(self) -> set[str]:
        """Refs that rules or computed values read."""
        found: set[str] = set()
        for placed in self.scope.rules():
            found.update(refs(placed.rule))
        for computed in self.document.computed:
            found.update(o for o in operands(computed) if isinstance(o, str))
        return found

    def parts(self, question: Question) -> list[tuple[str, str]]:
        """The local variables of a question's parts that are read: (variable, part)."""
        number = self.numbers[question.id]
        return [
            (f"v{number}_{i}", part)
            for i, part in enumerate(question.facets())
            if part and f"{question.id}.{part}" in self.needed
        ]

    def variable(self, ref: Ref) -> str:
        match ref.source:
            case "question" if ref.part:
                number = self.numbers[ref.id]
                index = list(self.scope.questions[ref.id].facets()).index(ref.part)
                return f"v{number}_{index}"
            case "question":
                return f"v{self.numbers[ref.id]}"
            case "context":
                return f"c{list(self.document.context).index(ref.id)}"
            case "computed":
                return f"x{list(self.scope.computed).index(ref.id)}"
            case "score":
                return f"f{list(self.scope.scores).index(ref.id)}"
            case _:
                return "today"

    # -- rules ------------------------------------------------------------------------------

    def _true(self, rule: Rule) -> str:
        match rule:
            case All():
                return _join(" and ", "True", [self._true(part) for part in rule.of])
            case AnyOf():
                return _join(" or ", "False", [self._true(part) for part in rule.of])
            case Not():
                return self._false(rule.of)
            case Answered():
                return self.answered(rule.ref)
            case Membership():
                return self.membership(rule, True)
            case _:
                return self.comparison(rule, type(rule))

    def _false(self, rule: Rule) -> str:
        match rule:
            case All():
                return _join(" or ", "False", [self._false(part) for part in rule.of])
            case AnyOf():
                return _join(" and ", "True", [self._false(part) for part in rule.of])
            case Not():
                return self._true(rule.of)
            case Answered():
                return f"(not {self.answered(rule.ref)})"
            case Membership():
                return self.membership(rule, False)
            case _:
                return self.comparison(rule, _INVERSE[type(rule)])

    def answered(self, name: str) -> str:
        ref = self.scope.refs[name]
        if ref.source == "question" and self.may_not_apply(ref.id):
            variable = self.variable(ref)
            if ref.part or self.scope.questions[ref.id].type != "matrix":
                return f"({variable} is not None or {variable.replace('v', 'a')})"
        return f"({self.variable(ref)} is not None)"

    def may_not_apply(self, name: str) -> bool:
        """Whether an answered question, or row of it, can have an unknown rule value."""
        return bool(getattr(self.scope.questions[name], "not_applicable", False))

    def membership(self, rule: Membership, wanted: bool) -> str:
        ref = self.scope.refs[rule.ref]
        variable = self.variable(ref)
        if isinstance(rule, In):
            values = self.constant(frozenset(self.literal(ref, v) for v in rule.value))
            if wanted:
                return f"({variable} in {values})"
            return f"({variable} is not None and {variable} not in {values})"
        values = self.constant(frozenset(rule.value))
        match rule:
            case HasAny():
                test = f"not {values}.isdisjoint({variable})"
            case HasAll():
                test = f"{values} <= {variable}"
            case HasNone() | _:
                test = f"{values}.isdisjoint({variable})"
        return f"({variable} is not None and {test if wanted else f'not ({test})'})"

    def literal(self, ref: Ref, value: Scalar) -> Any:
        if ref.source in ("computed", "score") and isinstance(value, (int, float)):
            return exact(value)
        return value

    def comparison(self, rule: Comparison, kind: type[Comparison]) -> str:
        ref = self.scope.refs[rule.ref]
        left = self.variable(ref)
        if rule.other is None:
            assert rule.value is not None
            right = self.constant(self.literal(ref, rule.value))
            guard = "" if kind is Eq else f"{left} is not None and "
            return f"({guard}{left} {kind.symbol} {right})"
        other = self.scope.refs[rule.other]
        right = self.variable(other)
        guard = f"{left} is not None and {right} is not None and "
        left, right = self.same_kind(ref, left, other, right)
        return f"({guard}{left} {kind.symbol} {right})"

    @staticmethod
    def same_kind(ref: Ref, left: str, other: Ref, right: str) -> tuple[str, str]:
        """Both sides as rationals where one of them is."""
        rational = ("computed", "score")
        if ref.source in rational and other.source not in rational:
            right = f"exact({right})"
        elif other.source in rational and ref.source not in rational:
            left = f"exact({left})"
        return left, right

    # -- the function -----------------------------------------------------------------------

    def compile(self) -> Evaluate:
        self.write(0, "def evaluate(answers, context, today, known):")
        self.head()
        self.due(1, BEFORE_ALL)
        for p, page in enumerate(self.document.pages):
            self.page(p, page)
        self.tail()
        source = "\n".join(self.lines)
        exec(compile(source, f"<survey {self.document.id}>", "exec"), self.names)  # nosec B102 - our words
        return self.names["evaluate"]

    def head(self) -> None:
        self.write(1, "get = answers.get")
        self.write(1, "path = []; asked = []; out = {}; problems = []; dropped = []")
        self.write(1, "jump = 0; ending = None")
        self.write(1, "if context:")
        self.write(2, "values, context_problems = read_context(context_fields, context)")
        self.write(1, "else:")
        self.write(2, "values = context; context_problems = ()")
        for i, name in enumerate(self.document.context):
            if name in self.needed:
                self.write(1, f"c{i} = values.get({self.constant(name)})")
        unknown = [v for q in self.scope.questions.values() for v in self.locals(q)]
        for start in range(0, len(unknown), 50):
            self.write(1, " = ".join(unknown[start : start + 50]) + " = None")

    def locals(self, question: Question) -> list[str]:
        number = self.numbers[question.id]
        found = [variable for variable, _ in self.parts(question)]
        if question.id in self.needed or found:
            found.append(f"v{number}")
        if self.may_not_apply(question.id):
            found += [variable.replace("v", "a") for variable in found]
        if question.id in self.scored:
            found.append(f"p{number}")
        return found

    def page(self, p: int, page: Page) -> None:
        tests = [f"jump <= {p}"] if self.can_be_jumped(p) else []
        if page.show_if is not None:
            tests.append(self._true(page.show_if))
        depth = 1
        if tests:
            self.write(1, f"if {' and '.join(tests)}:")
            depth = 2
        self.write(depth, f"path.append({self.constant(page.id)})")
        before = set(self.done)
        start = self.scope.page_start[p]
        for q, question in enumerate(page.questions):
            self.question(depth, question)
            self.due(depth, start + q)
        self.jumps(depth, p, page)
        if tests:
            self.done = before
            self.due(1, self.scope.page_start[p + 1] - 1)

    def can_be_jumped(self, p: int) -> bool:
        for i, page in enumerate(self.document.pages[:p]):
            for jump in page.next:
                if self.target(jump.to) > p and (i < p):
                    return True
        return False

    def target(self, to: str) -> int:
        if to == "end" or to.startswith("end:"):
            return len(self.document.pages)
        return self.scope.page_index[to]

    def jumps(self, depth: int, p: int, page: Page) -> None:
        word = "if"
        for jump in page.next:
            test = "True" if jump.if_ is None else self._true(jump.if_)
            self.write(depth, f"{word} {test}:")
            self.write(depth + 1, f"jump = {self.target(jump.to)}")
            if jump.to.startswith("end:"):
                name = self.constant(jump.to.removeprefix("end:"))
                self.write(depth + 1, f"ending = {name}")
            word = "elif"

    # -- questions --------------------------------------------------------------------------

    def question(self, depth: int, question: Question) -> None:
        if question.show_if is not None:
            self.write(depth, f"if {self._true(question.show_if)}:")
            depth += 1
        name = self.constant(question.id)
        self.write(depth, f"asked.append({name})")
        if question.valueless:
            self.write(depth, f"if {name} in answers and not is_unanswered(get({name})):")
            self.write(depth + 1, f"dropped.append({name})")
            return
        hidden = self.hidden(depth, question)
        self.write(depth, f"r = get({name})")
        self.fast_path(depth, question, name, hidden)
        self.write(depth, "else:")
        self.slow_path(depth + 1, question, name, hidden)

    def hidden(self, depth: int, question: Question) -> str:
        """Writes the set of options that do not exist for this response; its variable."""
        rules = [(c.id, c.show_if) for c in question.choices() if getattr(c, "show_if", None)]
        if not rules:
            return "no_ids"
        self.write(depth, "h = set()")
        for option, rule in rules:
            self.write(depth, f"if not ({self._true(rule)}): h.add({self.constant(option)})")
        return "h"

    def fast_path(self, depth: int, question: Question, name: str, hidden: str) -> None:
        fast = question.fast()
        if fast is None:
            self.write(depth, "if r is None:")
        else:
            test, constants = fast
            test = test.format(**{k: self.constant(v) for k, v in constants.items()})
            guard = "" if hidden == "no_ids" else " and r not in h"
            self.write(depth, f"if {test}{guard}:")
            self.write(depth + 1, f"out[{name}] = r")
            self.keep(depth + 1, question, "r", "r")
            self.write(depth, "elif r is None:")
        self.required(depth + 1, question, "None", hidden)

    def slow_path(self, depth: int, question: Question, name: str, hidden: str) -> None:
        reader = self.constant(_reader(question))
        self.write(depth, f"x, p, d = {reader}(r, {hidden}, today, known)")
        self.write(depth, "if d: dropped += d")
        self.write(depth, "if p is not None: problems.append(p)")
        self.write(depth, "elif x is None:")
        self.required(depth + 1, question, "None", hidden)
        self.write(depth, "else:")
        self.write(depth + 1, f"out[{name}] = x")
        self.keep(depth + 1, question, "x", None)
        if _has_own_missing(question):
            self.required(depth + 1, question, "x", hidden)

    def keep(self, depth: int, question: Question, value: str, rule_value: str | None) -> None:
        """Keeps what rules and scores need of an answered question."""
        number = self.numbers[question.id]
        variables = self.locals(question)
        if f"v{number}" in variables:
            seen = rule_value or f"{self.constant(question.rule_value)}({value})"
            self.write(depth, f"v{number} = {seen}")
        for variable, part in self.parts(question):
            if part == "count":
                self.write(depth, f"{variable} = len(v{number})")
            else:
                self.write(depth, f"{variable} = v{number}.get({self.constant(part)})")
                if variable.replace("v", "a") in variables:
                    answered = f"{self.constant(part)} in {value}"
                    self.write(depth, f"{variable.replace('v', 'a')} = {answered}")
        if f"a{number}" in variables:
            self.write(depth, f"a{number} = True")
        if question.id in self.scored:
            points = self.constant(scaled_points(question, self.unit, plain=rule_value is not None))
            self.write(depth, f"p{number} = {points}({value})")

    def required(self, depth: int, question: Question, value: str, hidden: str) -> None:
        """Writes what a required question lacks; `pass` where nothing can be lacking."""
        if question.required is False or question.valueless:
            self.write(depth, "pass")
            return
        if not isinstance(question.required, bool):
            self.write(depth, f"if {self._true(question.required)}:")
            depth += 1
        if _has_own_missing(question):
            missing = self.constant(question.missing)
            self.write(depth, f"problems += {missing}({value}, bounds({hidden}))")
        else:
            problem = self.constant(Problem("required", pointer(question.id)))
            self.write(depth, f"problems.append({problem})")

    # -- computed values and scores ---------------------------------------------------------

    def due(self, depth: int, place: int) -> None:
        """Writes the computed values and scores that are known once `place` is passed."""
        for name, known_at in self.scope.positions.items():
            if name in self.done or known_at > place:
                continue
            self.done.add(name)
            if name.startswith("score."):
                self.score(depth, self.scope.scores[name.removeprefix("score.")])
            else:
                self.computed(depth, self.scope.computed[name])

    def score(self, depth: int, score: Score) -> None:
        i = list(self.scope.scores).index(score.id)
        if any(member.startswith("score.") for member in score.of):
            self.nested_score(depth, i, score)
            return
        scale, weights = _whole_weights(score)
        self.write(depth, f"n{i} = s = w = 0")
        if score.method in ("min", "max"):
            self.write(depth, "s = None")
        for member, weight in zip(score.of, weights, strict=True):
            variable = f"p{self.numbers[member]}"
            self.write(depth, f"if {variable} is not None:")
            match score.method:
                case "mean" | "sum":
                    self.write(depth + 1, f"s += {weight} * {variable}; w += {weight}; n{i} += 1")
                case method:
                    sign = "<" if method == "min" else ">"
                    self.write(depth + 1, f"n{i} += 1")
                    self.write(depth + 1, f"if s is None or {variable} {sign} s: s = {variable}")
        below = {"mean": f"w * {self.unit}", "sum": str(scale * self.unit)}
        denominator = below.get(score.method, str(self.unit))
        self.write(depth, f"if n{i} >= {score.min_answered or 1}:")
        self.write(depth + 1, f"s{i} = s; d{i} = {denominator}")
        self.write(depth, f"else: s{i} = None")
        if f"score.{score.id}" in self.exact_scores:
            self.write(depth, f"f{i} = None if s{i} is None else Fraction(s{i}, d{i})")

    def nested_score(self, depth: int, i: int, score: Score) -> None:
        """A score of scores, through the plain arithmetic (rare)."""

        def combine(points: tuple[Any, ...]) -> tuple[Fraction | None, int]:
            members = [
                Member(name, value, exact(score.weights.get(name, 1)))
                for name, value in zip(score.of, points, strict=True)
            ]
            return score_value(score, members), sum(m.points is not None for m in members)

        points = [
            f"f{list(self.scope.scores).index(m.removeprefix('score.'))}"
            if m.startswith("score.")
            else self._rational_points(m)
            for m in score.of
        ]
        self.write(depth, f"f{i}, n{i} = {self.constant(combine)}(({', '.join(points)},))")
        self.write(depth, f"if f{i} is None: s{i} = None")
        self.write(depth, f"else: s{i} = f{i}.numerator; d{i} = f{i}.denominator")

    def _rational_points(self, member: str) -> str:
        variable = f"p{self.numbers[member]}"
        return f"(None if {variable} is None else Fraction({variable}, {self.unit}))"

    def computed(self, depth: int, computed: Computed) -> None:
        i = list(self.scope.computed).index(computed.id)
        given = [self.operand(o) for o in operands(computed)]
        names = operands(computed)
        holds = "False"
        if isinstance(computed.value, If):
            holds = self._true(computed.value.when)

        def calculate(values: tuple[Any, ...], is_true: bool) -> Fraction | None:
            table = dict(zip(names, values, strict=True))
            return computed_value(computed, table.__getitem__, lambda: is_true)

        values = ", ".join(given) + ","
        self.write(depth, f"x{i} = {self.constant(calculate)}(({values}), {holds})")

    def operand(self, operand: str | int | float) -> str:
        if not isinstance(operand, str):
            return self.constant(exact(operand))
        ref = self.scope.refs[operand]
        variable = self.variable(ref)
        if ref.source in ("computed", "score"):
            return variable
        return f"(None if {variable} is None else exact({variable}))"

    # -- the end ----------------------------------------------------------------------------

    def tail(self) -> None:
        self.due(1, len(self.scope.place))
        self.write(1, "left = answers.keys() - set(asked)")
        self.write(1, "if left:")
        matrices = self.constant(
            frozenset(q.id for q in self.scope.questions.values() if q.type == "matrix")
        )
        test = f"k in left and not is_unanswered(answers[k], k in {matrices})"
        self.write(2, f"dropped += [k for k in answers if {test}]")
        if self.document.endings:
            first = self.constant(self.document.endings[0].id)
            self.write(1, f"if ending is None: ending = {first}")
        computed = ", ".join(
            f"{self.constant(name)}: printed(x{i})" for i, name in enumerate(self.scope.computed)
        )
        scores = ", ".join(
            f"{self.constant(name)}: Score(None if s{i} is None else rounded(s{i}, d{i}),"
            f" n{i}, {len(score.of)})"
            for i, (name, score) in enumerate(self.scope.scores.items())
        )
        self.write(
            1,
            "return Evaluation(tuple(path), tuple(asked), out, tuple(problems), context_problems,"
            f" {{{computed}}}, {{{scores}}}, ending, not problems, tuple(dropped))",
        )


def _join(word: str, empty: str, parts: list[str]) -> str:
    return f"({word.join(parts)})" if parts else empty


def _has_own_missing(question: Question) -> bool:
    return type(question).missing is not QuestionBase.missing


def _reader(question: Question) -> Callable[..., Read]:
    """Reads one answer of a question as it came, unanswered forms included."""
    is_matrix = question.type == "matrix"
    read = question.reader()
    own_id = question.id

    def read_answer(
        raw: Any, hidden: Any, today: str | None, known: Mapping[str, Container[str]] | None
    ) -> Read:
        if is_unanswered(raw, is_matrix):
            return _UNANSWERED
        allowed = None if known is None else known.get(own_id)
        return read(raw, Bounds(hidden, today, allowed))

    return read_answer


_UNANSWERED = Read(None)


def _common_unit(scope: Scope, scored: set[str]) -> int:
    """A denominator in which the points of every scored question are whole numbers."""
    unit = 1
    for name in scored:
        question = scope.questions[name]
        unit = lcm(unit, *denominators(question))
    return unit


def _whole_weights(score: Score) -> tuple[int, list[int]]:
    """Weights as whole numbers, and by how much they were multiplied."""
    weights = [exact(score.weights.get(member, 1)) for member in score.of]
    scale = lcm(1, *(w.denominator for w in weights))
    whole = [int(w * scale) for w in weights]
    if score.method == "mean":
        shared = gcd(*whole) or 1
        return scale, [w // shared for w in whole]
    return scale, whole

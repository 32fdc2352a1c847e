"""A document as one formula: its models are exactly the complete responses.

Where the theory does not reach (a comparison of two texts with patterns, say) a truth value is left
free: the formula then allows more than there is, so that what it excludes is excluded for certain,
and what it allows is walked before it is believed.
"""

from collections.abc import Iterable

from engine.definition import If, Page
from engine.prove.answers import Answers
from engine.prove.capacity import capacity
from engine.prove.formula import FALSE, TRUE, Node, Script, negate
from engine.prove.goals import Goal
from engine.prove.plan import Plan
from engine.prove.rules import Rules
from engine.questions import Question


class Encoder:
    """Writes the formula.

    Args:
        plan: the document with its domains.
        labelled: name every rule, so that those behind a contradiction can be told; a rule is
            bound only where its label is assumed.
        script: where to write, if another document's formula is there already.
        stop_at: a question before which to stop, to ask whether it can be answered at all.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        labelled: bool = False,
        stop_at: str | None = None,
        script: Script | None = None,
    ) -> None:
        self.plan = plan
        self.script = Script() if script is None else script
        self.answers = Answers(plan, self.script)
        self.rules = Rules(self.answers, labelled=labelled)
        self.stop_at = stop_at
        self.asked: dict[str, Node] = {}
        self.goals: dict[Goal, Node] = {}
        self.stop: tuple[Node, Node] | None = None
        """Where `stop_at` is asked and required, and where it can be answered."""
        self.suspects: list[str] = []
        """Questions that are required of somebody and cannot always be answered."""
        self._walk()

    def _walk(self) -> None:
        script = self.script
        over: list[list[Node]] = [[] for _ in range(len(self.plan.document.pages) + 1)]
        named: list[Node] = []
        endings: dict[str, list[Node]] = {e.id: [] for e in self.plan.document.endings}
        for p, page in enumerate(self.plan.document.pages):
            reached = negate(script.either(over[p]))
            shown = TRUE
            if page.show_if is not None:
                shown = self.rules.rule(f"/pages/{p}/show_if", page.show_if)
                self._rule_goals(f"/pages/{p}/show_if", reached, shown)
            on_path = script.both((reached, shown))
            self.goals[Goal("page", page.id)] = on_path
            for q, question in enumerate(page.questions):
                if self._question(question, f"/pages/{p}/questions/{q}", on_path):
                    return
            for to, taken in self._jumps(p, page, on_path):
                for skipped in range(p + 1, self.plan.targets[to]):
                    over[skipped].append(taken)
                if to.startswith("end:"):
                    named.append(taken)
                    endings[to.removeprefix("end:")].append(taken)
        for i, (ending, taken) in enumerate(endings.items()):
            first = [negate(script.either(named))] if i == 0 else []
            self.goals[Goal("ending", ending)] = script.either((*first, *taken))
        self._rest()
        options = self.answers.options
        self.goals.update((Goal("option", name), node) for name, node in options.items())

    def _jumps(self, p: int, page: Page, on_path: Node) -> Iterable[tuple[str, Node]]:
        script = self.script
        free = on_path
        for n, jump in enumerate(page.next):
            at = f"/pages/{p}/next/{n}"
            if jump.if_ is None:
                holds = self.rules.label(at, TRUE)
            else:
                holds = self.rules.rule(f"{at}/if", jump.if_)
                self._rule_goals(f"{at}/if", on_path, holds)
            taken = script.both((free, holds))
            self.goals[Goal("jump", at)] = taken
            free = script.both((free, negate(holds)))
            yield jump.to, taken

    def _rest(self) -> None:
        for i, computed in enumerate(self.plan.document.computed):
            if isinstance(computed.value, If):
                at = f"/computed/{i}/value/when"
                self._rule_goals(at, TRUE, self.rules.rule(at, computed.value.when))
        for i, alert in enumerate(self.plan.document.alerts):
            at = f"/alerts/{i}/when"
            self._rule_goals(at, TRUE, self.rules.rule(at, alert.when))

    def _rule_goals(self, at: str, looked: Node, holds: Node) -> None:
        self.goals[Goal("true", at)] = self.script.both((looked, holds))
        self.goals[Goal("false", at)] = self.script.both((looked, negate(holds)))

    def _question(self, question: Question, at: str, on_path: Node) -> bool:
        """Binds a question; true at the one where to stop."""
        script = self.script
        shown = TRUE
        if question.show_if is not None:
            shown = self.rules.rule(f"{at}/show_if", question.show_if)
            self._rule_goals(f"{at}/show_if", on_path, shown)
        asked = script.both((on_path, shown))
        self.asked[question.id] = asked
        self.goals[Goal("question", question.id)] = asked
        visible = self._visible(question, at, asked)
        required = self._required(question, at, asked)
        possible = capacity(self.plan, script, question, visible)
        if question.id == self.stop_at:
            self.stop = (required, possible)
            return True
        if required != FALSE and possible != TRUE:
            self.suspects.append(question.id)
        script.imply(required, self.answers.bind(question, asked, visible))
        return False

    def _required(self, question: Question, at: str, asked: Node) -> Node:
        needed = question.required
        if needed is False:
            return FALSE
        if needed is True:
            return self.script.both((asked, self.rules.label(f"{at}/required", TRUE)))
        holds = self.rules.rule(f"{at}/required", needed)
        self._rule_goals(f"{at}/required", asked, holds)
        return self.script.both((asked, holds))

    def _visible(self, question: Question, at: str, asked: Node) -> dict[str, Node]:
        member = "rows" if question.type == "matrix" else "options"
        found: dict[str, Node] = {}
        for i, choice in enumerate(question.choices()):
            node = TRUE
            if choice.show_if is not None:
                place = f"{at}/{member}/{i}/show_if"
                node = self.rules.rule(place, choice.show_if)
                self._rule_goals(place, asked, node)
            found[choice.id] = node
        return found

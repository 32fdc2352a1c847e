"""What each rule of a document decides, and what computed values are, in words."""

from typing import Any

from builder.names import number_text
from builder.words import RuleWords
from engine.definition import Aggregate, Alert, Binary, Computed, If, Jump, Operand
from engine.scope import PlacedRule


class Decisions(RuleWords):
    """The sentences and headings for one document's rules."""

    def decision(self, placed: PlacedRule) -> str:
        """What a rule of the document decides, as a heading: "显示「…」的条件"."""
        return self.decides(placed.at)

    def decides(self, at: str) -> str:
        """What a rule at this pointer decides, or would decide."""
        document: Any = self.scope.document
        match at.split("/")[1:]:
            case ["pages", page, "show_if"]:
                return self.say("decides_page", page=self.page(int(page)))
            case ["pages", page, "next", n, "if"]:
                return self.jump(int(page), document.pages[int(page)].next[int(n)])
            case ["pages", page, "questions", q, *rest]:
                return self._question_decision(document.pages[int(page)].questions[int(q)].id, rest)
            case ["alerts", i, *_]:
                return self.alert(document.alerts[int(i)])
            case ["computed", i, *_]:
                return self._computed_decision(document.computed[int(i)])
            case _:
                return at

    def _question_decision(self, name: str, rest: list[str]) -> str:
        what = self.question(name)
        match rest:
            case ["options" | "rows" as member, i, _]:
                parts: Any = getattr(self.scope.questions[name], member)
                option = self.quoted(self.inner(name, member)[parts[int(i)].id])
                code = "decides_option" if member == "options" else "decides_row"
                return self.say(code, what=what, option=option)
            case ["required"]:
                return self.say("decides_required", what=what)
            case _:
                return self.say("decides_question", what=what)

    def page(self, position: int) -> str:
        """A page by its number and title."""
        title = self.short(self.scope.document.pages[position].title)
        code = "name_page" if title else "name_page_untitled"
        return self.say(code, n=position + 1, title=title)

    def jump(self, position: int, jump: Jump) -> str:
        """Where a page leads: "答完第 1 页后跳到第 3 页的条件"."""
        code = "decides_jump" if jump.if_ is not None else "decides_else"
        return self.say(code, page=self.page(position), target=self.target(jump.to))

    def target(self, to: str) -> str:
        """Where a jump leads."""
        if to == "end":
            return self.say("to_end")
        if to.startswith("end:"):
            return self.say("to_ending", ending=self.ending(to.removeprefix("end:")))
        position = self.scope.page_index.get(to)
        page = self.quoted(to) if position is None else self.page(position)
        return self.say("to_page", page=page)

    def ending(self, name: str) -> str:
        """An ending by its title or the beginning of its text."""
        for one in self.scope.document.endings:
            if one.id == name:
                return self.quoted(self.short(one.title) or self.short(one.text) or name)
        return self.quoted(name)

    def alert(self, alert: Alert) -> str:
        """What an alert does."""
        who = alert.notify or alert.open_case or alert.id
        code = "decides_notify" if alert.notify else "decides_open_case"
        soon = self.say("within", n=alert.within.working_hours) if alert.within else ""
        return self.say(code, who=self.names.get(who, who)) + soon

    def _computed_decision(self, computed: Computed) -> str:
        value = computed.value
        assert isinstance(value, If)
        then, other = self._operand(value.then), self._operand(value.else_)
        what = self.name(computed.id)
        return self.say("decides_computed", what=what, then=then, **{"else": other})

    def computed(self, computed: Computed) -> str:
        """How a computed value comes about."""
        value = computed.value
        code = str(value.__struct_config__.tag)
        match value:
            case Aggregate():
                names = self.say("between").join(map(self._operand, value.of))
                return self.say("of_count" if code == "count" else code, of=names)
            case Binary():
                a, b = map(self._operand, value.of)
                return self.say(code, a=a, b=b)
            case If():
                then, other = self._operand(value.then), self._operand(value.else_)
                rule = self.sentence(value.when)
                return self.say("if", rule=rule, then=then, **{"else": other})

    def _operand(self, operand: Operand) -> str:
        return self.name(operand) if isinstance(operand, str) else number_text(operand)

"""The branches of a survey in words, each with the part where it is to be found."""

from typing import Any

from builder.decisions import Decisions
from engine.branches import Branch


class BranchWords(Decisions):
    """The sentences for one document's branches."""

    def branch(self, branch: Branch) -> str:
        """What a patient sees who goes this way: "问到「…」"."""
        match branch.kind:
            case "page":
                index = self.scope.page_index[branch.name]
                return self.say("branch_page", page=self.page(index))
            case "question":
                return self.say("branch_question", what=self.question(branch.name))
            case "ending":
                return self.say("branch_ending", ending=self.ending(branch.name))
            case "jump":
                return self._jump(branch.name, "branch_jump")
            case _:
                return self._rule(branch)

    def owner(self, branch: Branch) -> str:
        """The id of the part that decides."""
        if branch.kind in ("page", "question", "ending"):
            return branch.name
        document: Any = self.scope.document
        match branch.name.split("/")[1:]:
            case ["pages", page, "questions", q, *_]:
                return document.pages[int(page)].questions[int(q)].id
            case [member, i, *_]:
                return getattr(document, member)[int(i)].id
            case _:
                return ""

    def _jump(self, at: str, code: str) -> str:
        _, _, page, _, n, *_ = at.split("/")
        jump = self.scope.document.pages[int(page)].next[int(n)]
        return self.say(code, page=self.page(int(page)), target=self.target(jump.to))

    def _rule(self, branch: Branch) -> str:
        document: Any = self.scope.document
        side = "" if branch.kind == "true" else "not_"
        match branch.name.split("/")[1:]:
            case ["pages", page, "show_if"]:
                return self.say("branch_not_page", page=self.page(int(page)))
            case ["pages", _, "next", *_]:
                return self._jump(branch.name, "branch_not_jump")
            case ["pages", page, "questions", q, *rest]:
                name = document.pages[int(page)].questions[int(q)].id
                return self._part(side, name, rest)
            case ["alerts", i, *_]:
                return self.say(f"branch_{side}alert", what=self._alert(document.alerts[int(i)]))
            case [_, i, *_]:
                what = self.name(document.computed[int(i)].id)
                return self.say(f"branch_{side}computed", what=what)
            case _:
                return branch.name

    def _part(self, side: str, name: str, rest: list[str]) -> str:
        what = self.question(name)
        match rest:
            case ["options" | "rows" as member, i, _]:
                part: Any = getattr(self.scope.questions[name], member)[int(i)]
                option = self.quoted(self.inner(name, member)[part.id])
                return self.say(f"branch_{side}{member[:-1]}", what=what, option=option)
            case ["required"]:
                return self.say(f"branch_{side}required", what=what)
            case _:
                return self.say("branch_not_question", what=what)

    def _alert(self, alert: Any) -> str:
        who: str = alert.notify or alert.open_case or alert.id
        return self.quoted(self.short(alert.title) or self.names.get(who) or who)

"""What leads elsewhere: jumps go forward, and walks, alerts and pickers name what is there."""

from collections.abc import Iterator

from engine.check.subject import Subject
from engine.definition import Jump, Walk
from engine.problems import Problem, pointer
from engine.questions import Question
from engine.questions.moments import is_date
from engine.questions.pickers import DepartmentQuestion, StaffQuestion


def jumps(subject: Subject) -> Iterator[Problem]:
    """Of the pages: each asks something or leads on."""
    for p, page in enumerate(subject.document.pages):
        if not page.questions and not page.next:
            yield Problem("empty_page", f"/pages/{p}/questions")
        for n, jump in enumerate(page.next):
            yield from _jump(subject, f"/pages/{p}/next/{n}/to", jump, p)


def _jump(subject: Subject, at: str, jump: Jump, page: int) -> Iterator[Problem]:
    name = jump.to.removeprefix("end:")
    known = subject.scope.page_index if name == jump.to else subject.endings
    if jump.to == "end":
        return
    if name not in known:
        if name not in subject.lost:
            yield Problem("unknown_reference", at, {"ref": jump.to})
    elif name == jump.to and subject.scope.page_index[name] <= page:
        yield Problem("backward_jump", at, {"page": name})


def links(subject: Subject, at: str, question: Question) -> Iterator[Problem]:
    """Of a question: whom it depends on, and whether it can be required."""
    if isinstance(question, StaffQuestion) and question.of is not None:
        of = subject.scope.questions.get(question.of)
        place = subject.scope.place.get(question.id, 0)
        missing = list(subject.reference(f"{at}/of", question.of, place))
        yield from missing
        if of is not None and not missing and not isinstance(of, DepartmentQuestion):
            yield Problem("wrong_kind", f"{at}/of", {"ref": question.of, "op": "of"})
    if question.valueless and question.required is not False:
        yield Problem("statement_required", f"{at}/required")


def alerts(subject: Subject) -> Iterator[Problem]:
    """Each does one thing."""
    for i, alert in enumerate(subject.document.alerts):
        if (alert.open_case is None) == (alert.notify is None):
            yield Problem("one_action", f"/alerts/{i}")


def walks(subject: Subject) -> Iterator[Problem]:
    """Of the test patients: on a day that there is, expecting only what there is."""
    for i, walk in enumerate(subject.document.walks):
        at = f"/walks/{i}"
        if walk.today is not None and not is_date(walk.today):
            yield Problem("bad_date", f"{at}/today")
        yield from _expected(subject, f"{at}/expect", walk)


def _expected(subject: Subject, at: str, walk: Walk) -> Iterator[Problem]:
    expect = walk.expect
    for j, name in enumerate(expect.asked or ()):
        if name not in subject.scope.questions and name not in subject.lost:
            yield Problem("unknown_reference", f"{at}/asked/{j}", {"ref": name})
    for name in expect.scores or {}:
        if name not in subject.scope.scores and name not in subject.lost:
            place = f"{at}/scores" + pointer(name)
            yield Problem("unknown_reference", place, {"ref": name})
    if expect.ending is not None and expect.ending not in subject.endings | subject.lost:
        yield Problem("unknown_reference", f"{at}/ending", {"ref": expect.ending})

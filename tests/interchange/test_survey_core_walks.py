"""Random walks through pages with triggers and endings: survey-core in Node and our engine show the
same questions, page by page, and the same end."""

import json

import engine
from engine.text import localize
from interchange import convert
from tests.interchange.survey_core import (
    Author,
    our_answers,
    source,
    theirs_of,
    told_by_survey_core,
)

FORMS = 200
GUARDS = {"skip_target", "skip_back", "skip_into_page", "trigger", "ending_by_rule",
          "trigger_calculates"}  # fmt: skip


class Walker(Author):
    """Pages whose triggers read any of them, and endings that are chosen by rule."""

    def form(self):
        form = super().form()
        pages = form["pages"]
        for page in pages:
            page["elements"] = [e for e in page["elements"] if e["type"] != "panel"]
        kept = {e["name"] for page in pages for e in page["elements"]}
        self.elements = [e for e in self.elements if e["name"] in kept]
        pages[-1].pop("visibleIf", None)
        form["triggers"] = [{"type": "complete", "expression": self.rule(1)}]
        if len(pages) > 1:
            goal = self.random.choice(pages[1:])["elements"][0]["name"]
            own = self.elements[: len(pages[0]["elements"])]
            skip = {"type": "skip", "expression": self.rule(1, own), "gotoName": goal}
            form["triggers"].append(skip)
        form["completedHtml"] = "usual"
        form["completedHtmlOnCondition"] = [{"expression": self.rule(1), "html": f"end {n}"}
                                            for n in range(2)]  # fmt: skip
        return form


def test_walks_through_triggers_show_the_same_pages_and_ends():
    """Forms whose triggers have losses are left out: those are told. # R1.1.1.1c (part)"""
    cases, made = [], []
    for seed in range(FORMS):
        author = Walker(seed)
        form = author.form()
        conversion = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
        codes = {loss.code for loss in conversion.losses if loss.kind != "note"}
        if conversion.document is None or codes:
            assert codes <= GUARDS | {"unknown_name", "looks_ahead"}, codes
            continue
        for _ in range(3):
            cases.append({"form": form, "wishes": author.wishes()})
            made.append(engine.compile_survey(conversion.document))
    asked = told_by_survey_core("survey_core_walk.mjs", cases)
    early = 0
    for case, survey, theirs in zip(cases, made, asked, strict=True):
        where = json.dumps([case, theirs], ensure_ascii=False)
        questions = {source(q): q for q in survey.scope.questions.values()}
        evaluation = survey.evaluate(our_answers(questions, theirs["data"]))
        names = [theirs_of(q) for q in questions.values() if q.id in evaluation.asked]
        assert list(dict.fromkeys(names)) == theirs["seen"], where
        ending = next(e for e in survey.document.endings if e.id == evaluation.ending)
        assert localize(ending.text, "en", "en") == theirs["ending"], where
        early += evaluation.path[-1] != survey.document.pages[-1].id
    print(f"survey-core: {len(cases)} walks, {early} of them end early, same")
    assert len(cases) > 100 and early > 10

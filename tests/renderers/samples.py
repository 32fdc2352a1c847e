"""One survey with every question type, and values for each."""

from typing import Any

import msgspec

import engine
from engine import journey
from engine.evaluation import Evaluation

FIVE = {"1": "很不满意", "2": "不满意", "3": "一般", "4": "满意", "5": "非常满意"}
OPTIONS = [
    {"id": "a", "text": "甲"},
    {"id": "b", "text": "乙", "text_entry": "optional"},
    {"id": "c", "text": "丙"},
    {"id": "none", "text": "都没有", "exclusive": True},
]
PLAIN = OPTIONS[:1] + OPTIONS[2:3]
NODES = [{"id": "gz", "text": "广州", "nodes": [{"id": "th", "text": "天河"}]}]

QUESTIONS: dict[str, dict[str, Any]] = {
    "single": {"type": "single_choice", "options": OPTIONS},
    "dropdown": {"type": "single_choice", "options": OPTIONS, "appearance": "dropdown"},
    "buttons": {"type": "single_choice", "options": OPTIONS, "appearance": "buttons"},
    "multi": {"type": "multi_choice", "options": OPTIONS, "max_selected": 3},
    "stars": {"type": "rating", "labels": FIVE, "not_applicable": True},
    "faces": {"type": "rating", "style": "faces"},
    "numbers": {"type": "rating", "style": "numbers", "max": 10},
    "tall": {"type": "rating", "style": "words", "labels": FIVE},
    "nps": {"type": "nps"},
    "grid": {
        "type": "matrix",
        "rows": [{"id": "r1", "text": "行一"}, {"id": "r2", "text": "行二"}],
        "scale": {"min": 1, "max": 5, "labels": FIVE},
        "not_applicable": True,
    },
    "table": {
        "type": "matrix",
        "rows": [{"id": "r1", "text": "行一"}, {"id": "r2", "text": "行二"}],
        "options": [{"id": "often", "text": "经常"}, {"id": "never", "text": "从不"}],
    },
    "rank": {"type": "ranking", "options": PLAIN},
    "yes": {"type": "yes_no"},
    "line": {"type": "text"},
    "note": {"type": "text", "lines": 4, "max_length": 50},
    "phone": {"type": "text", "format": "phone_cn"},
    "wait": {"type": "number", "min": 0, "max": 600, "unit": "分钟"},
    "day": {"type": "date", "max": "today"},
    "hour": {"type": "time"},
    "dept": {"type": "department"},
    "doctor": {"type": "staff", "of": "dept"},
    "area": {"type": "cascade", "nodes": NODES},
    "photos": {"type": "picture_upload"},
    "papers": {"type": "file_upload"},
    "sign": {"type": "signature"},
    "agree": {"type": "consent", "document": "privacy", "version": 2},
    "intro": {"type": "statement"},
}

VALUES: dict[str, list[Any]] = {
    "single": ["a", {"choice": "b", "text": '"引号" & <标签>'}, None],
    "dropdown": ["c", {"choice": "b", "text": "说明"}, None],
    "buttons": ["none"],
    "multi": [["a", "c"], ["a", {"choice": "b", "text": "x"}], ["none"], None],
    "stars": [1, 5, {"not_applicable": True}, None],
    "faces": [3],
    "numbers": [10],
    "tall": [2],
    "nps": [0, 10, None],
    "grid": [{"r1": 1, "r2": {"not_applicable": True}}, {"r2": 5}, None],
    "table": [{"r1": "often", "r2": "never"}, None],
    "rank": [["c", "a"], None],
    "yes": [True, False, None],
    "line": ["你好", ' <b>"x"</b> ', None],
    "note": ["\n两行\n文字", "a\tb", None],
    "phone": ["13800138000", "1380013"],
    "wait": [0, 45, 2.5, "很久", None],
    "day": ["2026-11-20", "昨天", "2026-13-40"],
    "hour": ["08:30", "25:99"],
    "dept": ["fei", None],
    "doctor": ["d1"],
    "area": ["th", "gz", None],
    "photos": [["f1", "f2"], None],
    "papers": [["f3"]],
    "sign": ["f4", None],
    "agree": [{"agreed": True, "version": 2}, {"agreed": False, "version": 2}, None],
}


def sample_survey(say: str = "问题", **changes: Any) -> engine.Survey:
    """Every question type on one page; `say` is every question's text."""
    document = {
        "format": "huisheng.survey/1",
        "id": "sample",
        "title": say,
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [
            {
                "id": "p",
                "title": say,
                "questions": [
                    {"id": id_, "text": say, **body, **changes} for id_, body in QUESTIONS.items()
                ],
            }
        ],
    }
    return engine.load(msgspec.json.encode(document))


def view_of(survey: engine.Survey, answers: dict[str, Any]) -> engine.PageView:
    """The survey's first page with these answers, all problems marked."""
    evaluation: Evaluation = survey.evaluate(answers, {}, "2026-11-23")
    return engine.page_view(
        survey,
        evaluation,
        journey.start(survey, evaluation),
        answers,
        frame=engine.Frame(marks="all", rev=3, version=1),
        today="2026-11-23",
    )


def questions_of(survey: engine.Survey) -> list[Any]:
    """The document's own questions."""
    return [question for page in survey.document.pages for question in page.questions]

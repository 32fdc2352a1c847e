"""Leaves out of a made document what the checks refuse, and says where in the source it stood.

A rule that looks ahead, a limit that contradicts itself, a placeholder without its question: each
goes alone, the smallest part whose absence cures the problem; a question goes only as a whole.
"""

import re
from collections.abc import Callable
from typing import Any

from engine.check import check_parsed
from engine.definition import MAX_ENTRIES, MAX_QUESTIONS, MAX_RULES, Document
from engine.parse import parse_value
from engine.problems import Problem
from interchange.node import is_list, is_object
from interchange.report import Report

MAX_PASSES = 60
_LISTS = frozenset(
    "pages questions next options rows computed scores alerts endings walks media codes".split()
)
_RULES = frozenset(("show_if", "required", "if", "when"))
_NEEDED = frozenset("id type text options rows questions value ref op of to nodes when".split())
_TEXTS = frozenset("text hint title description alt pattern_message labels".split())
_PLACEHOLDER = re.compile(r"(?<!\\)\{\{([^{}]*+)\}\}")


def settled(tree: dict[str, Any], report: Report) -> Document | None:
    """The document of a tree without what the checks refuse; None where nothing is left."""
    _crop(tree, report)
    for _ in range(MAX_PASSES):
        parsed = parse_value(tree)
        problems = check_parsed(parsed)
        if not problems:
            return parsed.document
        if not _leave_out(tree, problems, report):
            break
    report.lose("nothing_carried", "", kind="refused")
    return None


def _crop(tree: dict[str, Any], report: Report) -> None:
    """Take out what is more than a survey may hold, so that the passes stay few."""
    count = 0
    for page in tree["pages"]:
        kept: list[Any] = page["questions"][: max(0, MAX_QUESTIONS - count)]
        for question in page["questions"][len(kept) :]:
            report.refuse("too_many_questions", report.origin.get(question["id"], ""),
                          question["id"], max=MAX_QUESTIONS, count=MAX_QUESTIONS + 1)  # fmt: skip
        count += len(page["questions"])
        page["questions"] = kept
    for name in ("computed", "scores", "endings", "alerts", "walks"):
        for part in tree.get(name, [])[MAX_ENTRIES:]:
            report.refuse("too_many_entries", report.origin.get(part["id"], ""), part["id"],
                          member=name, max=MAX_ENTRIES, count=MAX_ENTRIES + 1)  # fmt: skip
        if name in tree:
            tree[name] = tree[name][:MAX_ENTRIES]
    tree["pages"] = [p for p in tree["pages"] if p["questions"] or p.get("next")] or tree["pages"]
    _crop_rules(tree, report)


def _crop_rules(tree: dict[str, Any], report: Report) -> None:
    count = 0
    for page in tree["pages"]:
        parts: list[Any] = [page, *page["questions"]]
        for question in page["questions"]:
            parts += [*question.get("options", ()), *question.get("rows", ())]
        for part in parts:
            for member in ("show_if", "required"):
                if isinstance(part.get(member), dict):
                    count += 1
                    if count > MAX_RULES:
                        del part[member]
                        at = report.origin.get(part["id"], report.origin.get(page["id"], ""))
                        report.lose("too_many_rules", at, member, max=MAX_RULES, count=count)


def _leave_out(tree: dict[str, Any], problems: tuple[Problem, ...], report: Report) -> bool:
    """Take out, for each problem, the smallest thing whose absence may cure it."""
    cuts: dict[tuple[int, Any], tuple[Any, Any]] = {}
    for problem in problems:
        path = _path(tree, problem.at)
        if _reworded(path, problem, report):
            cuts.setdefault((0, "reworded"), ({}, ""))
            continue
        cut = _cut(path)
        if cut is not None:
            home, key = cut
            if (id(home), key) not in cuts:
                cuts[id(home), key] = cut
                _tell(path, cut, problem, report)
    places: dict[int, list[int]] = {}
    for home, key in cuts.values():
        if is_list(home):
            places.setdefault(id(home), []).append(key)
        else:
            home.pop(key, None)
    homes: dict[int, Any] = {id(home): home for home, _ in cuts.values()}
    for number, keys in places.items():
        for key in sorted(set(keys), reverse=True):
            del homes[number][key]
    return bool(cuts)


def _path(tree: Any, at: str) -> list[tuple[Any, Any]]:
    """The containers and keys on the way to a pointer, as far as they exist."""
    path: list[tuple[Any, Any]] = []
    node: Any = tree
    for step in at.split("/")[1:]:
        key: Any = step.replace("~1", "/").replace("~0", "~")
        if is_list(node):
            key = int(key)
        path.append((node, key))
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            break
    return path


def _cut(path: list[tuple[Any, Any]]) -> tuple[Any, Any] | None:
    """What to take out: a whole rule, an entry of a list, or a member that nobody needs."""
    for i, (home, key) in enumerate(path):
        if key in _RULES and is_object(home) and key != "if" and key != "when":
            return home, key
        if key in ("if", "when"):
            return _entry(path, i)
    for i in range(len(path) - 1, -1, -1):
        home, key = path[i]
        if is_list(home):
            if path[i - 1][1] in _LISTS and (path[i - 1][1] != "pages" or len(home) > 1):
                return home, key
        elif i and key not in _NEEDED and _is_part(path, i):
            return home, key
    return None


def _entry(path: list[tuple[Any, Any]], i: int) -> tuple[Any, Any] | None:
    """The entry of a list that holds the member at place `i`."""
    for home, key in reversed(path[:i]):
        if is_list(home):
            return home, key
    return None


def _is_part(path: list[tuple[Any, Any]], i: int) -> bool:
    """Whether the member belongs to a page, a question or another entry of a list."""
    return is_list(path[i - 1][0]) or path[i - 1][1] in ("labels", "points", "weights")


def _reworded(path: list[tuple[Any, Any]], problem: Problem, report: Report) -> bool:
    """Write a placeholder that names nothing known here as plain text."""
    if problem.code not in ("unknown_reference", "forward_reference", "cycle") or not path:
        return False
    name = str(problem.params.get("ref", ""))
    at = next((i for i in range(len(path)) if path[i][1] in _TEXTS), None)
    if at is None or any(key in _RULES for _, key in path):
        return False
    home, key = path[at]
    if key not in home:
        return False
    home[key] = _without(home[key], lambda found: found == name)
    report.lose("placeholder", _origin(path, report), name)
    return True


def _without(text: Any, is_gone: Callable[[str], bool]) -> Any:
    if is_object(text):
        return {k: _without(v, is_gone) for k, v in text.items()}
    return _PLACEHOLDER.sub(
        lambda m: "{" + m[1].strip() + "}" if is_gone(m[1].strip()) else m[0], str(text)
    )


def _tell(
    path: list[tuple[Any, Any]], cut: tuple[Any, Any], problem: Problem, report: Report
) -> None:
    home, key = cut
    at = _origin(path, report)
    gone: Any = home[key] if is_list(home) or key in home else None
    if is_list(home) and is_object(gone):
        part = gone
        own = report.origin.get(str(part.get("id")))
        for inner in part.get("questions", ()):
            report.refuse(problem.code, report.origin.get(inner["id"], at), inner["id"],
                          **problem.params)  # fmt: skip
        if own is not None and "to" not in part:
            report.refuse(problem.code, own, part.get("id", ""), **problem.params)
            return
    report.lose(problem.code, at, _about(path, key), **problem.params)


def _about(path: list[tuple[Any, Any]], key: Any) -> str:
    """The member that was left out, by its name."""
    names = [str(k) for _, k in path if isinstance(k, str)]
    return str(key) if isinstance(key, str) else next(reversed(names), "")


def _origin(path: list[tuple[Any, Any]], report: Report) -> str:
    """Where the innermost part on the way, that was made of something, stands in the source."""
    found = ""
    for home, key in path:
        part: Any = home[key] if is_list(home) and key < len(home) else None
        if is_object(part):
            found = report.origin.get(str(part.get("id")), found)
    return found

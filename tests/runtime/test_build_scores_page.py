"""The builder's pages of scores, dimensions and the survey's head."""

import re
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from builder.edits import Insert, SetMember
from builder.tree import to_tree, write
from runtime.audit.models import SYSTEM
from runtime.drafts import service as drafts
from runtime.org.departments import add_department
from runtime.org.models import Entry, Site
from runtime.org.service import store_organisation
from runtime.wiring import Deployment
from tests.runtime.test_build_page import CHINESE, OTHER
from tests.runtime.test_build_parts_page import Parts


@pytest.fixture
def parts(deployment: Deployment, client: TestClient[Any]) -> Parts:
    """At the parts of a published survey."""
    return Parts(deployment, client)


def _service(parts: Parts) -> dict[str, Any]:
    return parts.tree["scores"][0]


def test_members_are_added_moved_weighted_and_taken_out(parts: Parts) -> None:
    """By the buttons, and where they are dropped. # R0.4 (part)"""
    text = parts.page("scores", "service")
    assert 'value="member add why"' in text and 'value="member drop nurse"' in text
    assert 'value="member add note"' not in text, "a text has no points"
    assert 'name="word" value="service"' in text, "its id can be changed"
    parts.did("scores", "member add why overall", "service")
    assert _service(parts)["of"] == ["why", "overall", "nurse"]
    parts.did("scores", "member down why", "service")
    parts.did("scores", "member add nurse overall", "service")
    assert _service(parts)["of"] == ["nurse", "overall", "why"]
    parts.saved("scores", "service", **{"w:nurse": "2.5", "was:w:nurse": "1"})
    assert _service(parts)["weights"] == {"nurse": 2.5}
    parts.did("scores", "member drop nurse", "service")
    assert _service(parts)["of"] == ["overall", "why"] and "weights" not in _service(parts)
    for wrong in ("0", "-1", "两", "0.00001", "1e400", "9" * 40):
        fields = {"w:why": wrong, "was:w:why": "1"}
        answer = parts.save("scores", "service", **fields)
        assert answer.status_code in (409, 422) and f'value="{wrong}"' in answer.text, wrong


def test_points_are_typed_spread_and_turned_round(parts: Parts) -> None:
    """A reversed question is marked; one that is worth nothing says so. # R0.4 (part)"""
    parts.did("scores", "member add why", "service")
    assert "每个回答都没有分值" in parts.page("scores", "service")
    name = "pt:why/options/wait:points"
    parts.saved("scores", "service", **{name: "40", f"was:{name}": ""})
    assert parts.tree["pages"][0]["questions"][1]["options"][0]["points"] == 40
    assert "每个回答都没有分值" not in parts.page("scores", "service")
    parts.did("scores", "reverse overall", "service")
    assert parts.tree["pages"][0]["questions"][0]["reverse"] is True
    text = parts.page("scores", "service")
    assert "is-reversed" in text and "改回正向计分" in text
    parts.did("scores", "undo", "service")
    assert "reverse" not in parts.tree["pages"][0]["questions"][0]
    edit = SetMember(of="why/options/wait", member="points", value=70)
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    refused = parts.save("scores", "service", **{name: "50", f"was:{name}": "40"})
    assert refused.status_code == 409 and "70" in refused.text
    forged = "pt:why/options/wait:exclusive"
    answer = parts.save("scores", "service", **{forged: "1", f"was:{forged}": ""})
    assert answer.status_code == 404, re.findall(r'role="alert">(.*?)</div>', answer.text, re.S)


def test_saving_as_one_types_takes_back_no_points_of_others(parts: Parts) -> None:
    """What was saved in the form counts as seen, nothing else."""
    parts.did("scores", "member add why", "service")
    mine, theirs = (f"pt:why/options/{name}:points" for name in ("wait", "attitude"))
    headers = CHINESE | {"hx-request": "true"}
    form = {"_csrf": parts.csrf, "at": "service", "shown": parts.shown("scores", "service"),
            mine: "40", f"was:{mine}": "", theirs: "", f"was:{theirs}": ""}  # fmt: skip
    edit = SetMember(of="why/options/attitude", member="points", value=10)
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    url = "/staff/surveys/visit/edit/scores"
    saved = parts.client.post(url, data=form, headers=headers, follow_redirects=False)
    assert saved.status_code == 200
    was = dict(re.findall(r'name="was:(pt:why[^"]+)" value="([^"]*)"', saved.text))
    assert was == {mine: "40", theirs: ""}
    again = form | {f"was:{mine}": "40", mine: "45"}
    saved = parts.client.post(url, data=again, headers=headers, follow_redirects=False)
    assert saved.status_code == 200
    options = parts.tree["pages"][0]["questions"][1]["options"]
    assert [one["points"] for one in options] == [45, 10]


def test_a_method_without_weights_drops_them(parts: Parts) -> None:
    """And they come back with undo."""
    parts.saved("scores", "service", **{"w:nurse": "2", "was:w:nurse": "1"})
    before = write(parts.document)
    parts.saved("scores", "service", **{"m:method": "max"})
    assert _service(parts)["method"] == "max" and "weights" not in _service(parts)
    assert 'name="w:nurse"' not in parts.page("scores", "service")
    parts.did("scores", "undo", "service")
    assert write(parts.document) == before


def test_ranges_have_a_witness_each_and_examples_say_how_they_come_about(parts: Parts) -> None:
    """The lowest, the highest, and the survey's own test patients. # R0.4 (part)"""
    walk = {"id": "w", "title": "满意的患者", "answers": {"overall": 4, "nurse": 5}, "expect": {}}
    edit = SetMember(of="service", member="weights", value={"nurse": 3})
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    drafts.apply_edit(
        parts.deployment.db, "visit", Insert(into="", list="walks", value=walk), OTHER
    )
    text = parts.page("scores/ranges", "service")
    low, high = re.findall(r'<td class="number">(\d+)</td>', text)[:2]
    assert (low, high) == ("0", "100")
    assert "得分最低的患者" in text and "满意的患者 → <strong>93.75</strong>" in text
    assert "(75×1 + 100×3) ÷ 4 = 93.75" in text
    never = {"op": "all", "of": [{"op": "gt", "ref": "overall", "value": 4},
                                 {"op": "lt", "ref": "overall", "value": 4}]}  # fmt: skip
    drafts.apply_edit(
        parts.deployment.db, "visit", SetMember(of="nurse", member="show_if", value=never), OTHER
    )
    drafts.apply_edit(
        parts.deployment.db, "visit", SetMember(of="service", member="weights"), OTHER
    )
    parts.did("scores", "member drop overall", "service")
    assert "没有人能得到这个分数" in parts.page("scores/ranges", "service")
    parts.did("scores", "member drop nurse", "service")
    assert "问卷里还有错误" in parts.page("scores/ranges", "service")


def _dimensions(parts: Parts) -> None:
    names = {"waiting": "等候", "nursing": "护理", "overall": "总体"}
    entries = [{"id": code, "name": {"zh-CN": name}} for code, name in names.items()]
    _store(parts, {"dimensions": entries}, ())


def _store(parts: Parts, words: dict[str, Any], sites: tuple[Site, ...]) -> None:
    found = {name: msgspec.convert(entries, list[Entry]) for name, entries in words.items()}
    store_organisation(
        parts.deployment.db, sites=sites, departments=(), staff=(), dictionaries=found
    )


def test_questions_are_sorted_into_dimensions_and_scored_in_one_press(parts: Parts) -> None:
    """A card is moved by drag or by its choice; only what the dictionary has. # R0.4 (part)"""
    _dimensions(parts)
    text = parts.page("dimensions")
    assert text.index("未归类") < text.index("总体感受？")
    parts.did("dimensions", "dimension overall overall")
    parts.did("dimensions", "word", verb="dimension nurse", word="nursing")
    parts.did("dimensions", "dimension why nursing")
    questions = parts.tree["pages"][0]["questions"] + parts.tree["pages"][1]["questions"]
    assert [one.get("dimension") for one in questions][:3] == ["overall", "nursing", "nursing"]
    assert "有 2 个维度还没有得分" in parts.page("dimensions")
    assert parts.did("dimensions", "per_dimension") == "nursing"
    made = {one["id"]: one["of"] for one in parts.tree["scores"]}
    assert made["nursing"] == ["why", "nurse"] and made["overall_2"] == ["overall"]
    parts.did("dimensions", "dimension why -")
    assert "dimension" not in parts.tree["pages"][0]["questions"][1]
    for wrong in ("dimension overall ghost", "dimension ghost nursing", "dimension overall",
                  "dimension", "member add why"):  # fmt: skip
        assert parts.act("dimensions", wrong).status_code == 404, wrong


def test_a_score_of_what_is_rated_is_one_press(parts: Parts) -> None:
    """Of the questions with points that no score has; a recommendation stands for itself.

    # R0.4 (part)
    """
    parts.did("scores", "remove service")
    nps = {"id": "recommend", "type": "nps", "text": {"zh-CN": "推荐吗？", "en": "Recommend?"}}
    edit = Insert(into="detail", list="questions", value=nps)
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    assert "用 2 道能打分的题算一个得分" in parts.page("scores")
    parts.did("scores", "part scores")
    (score,) = parts.tree["scores"]
    assert (score["of"], score["title"]) == (["overall", "nurse"], {"zh-CN": "总体得分"})


def test_acts_about_no_score_are_refused(parts: Parts) -> None:
    """404 or 409; nothing is changed."""
    before = write(parts.document)
    for act in ("member add ghost", "member add note", "member fly why", "member", "reverse ghost",
                "reverse", "spread ghost", "member add score.service", "remove ghost"):  # fmt: skip
        assert parts.act("scores", act, "service").status_code in (404, 409), act
    assert parts.act("scores", "member add why", "thanks").status_code == 404
    assert write(parts.document) == before
    made = parts.did("scores", "part scores")
    assert parts.tree["scores"][1]["of"] == ["why"]
    parts.did("scores", f"member add score.{made}", "service")
    refused = parts.act("scores", f"remove {made}", made)
    assert refused.status_code == 409 and "服务" in refused.text
    assert parts.act("scores", "member add score.service", made).status_code == 409


# The head


def test_the_head_is_chosen_from_the_hospitals_own_lists(parts: Parts) -> None:
    """Sites and departments by ticks; what is not ticked is not restricted. # R0.4 (part)"""
    dictionaries = {
        "categories": [{"id": "satisfaction", "name": {"zh-CN": "满意度"}}],
        "visit_types": [{"id": "outpatient", "name": {"zh-CN": "门诊"}}],
        "tags": [{"id": "core", "name": {"zh-CN": "核心"}}],
    }
    _store(parts, dictionaries, (Site(id="main", name={"zh-CN": "本部"}),))
    for name, parent in (("ent", None), ("ent_ward", "ent")):
        add_department(
            parts.deployment.db, SYSTEM, department_id=name, name={"zh-CN": name}, parent=parent
        )
    text = parts.page("settings")
    assert 'name="m:audience/departments=ent_ward"' in text and "depth-1" in text
    parts.saved("settings", "", **{
        "m:category": "satisfaction", "m:audience/sites": "", "m:audience/sites=main": "on",
        "m:audience/visit_types": "", "m:audience/visit_types=outpatient": "on",
        "m:audience/departments": "", "m:tags": "自己的", "m:tags=core": "on",
        "m:identity": "anonymous", "m:kind": "survey",
    })  # fmt: skip
    tree = parts.tree
    assert tree["audience"] == {"visit_types": ["outpatient"], "sites": ["main"]}
    assert (tree["category"], tree["tags"]) == ("satisfaction", ["自己的", "core"])
    assert tree["identity"] == "anonymous"
    text = parts.page("settings")
    assert 'name="m:audience/sites=main" checked' in text
    parts.saved("settings", "", **{"m:audience/sites": "", "m:audience/visit_types": ""})
    assert "audience" not in parts.tree


def test_a_language_is_added_made_first_and_removed_with_its_texts(parts: Parts) -> None:
    """Undone, every text is back. # R0.4 (part)"""
    before = write(parts.document)
    parts.did("settings", "word", verb="language add", word="ja")
    assert parts.tree["languages"] == ["zh-CN", "en", "ja"]
    assert re.search(r"还有 \d+ 处没有写", parts.page("settings"))
    parts.did("settings", "language first en")
    assert parts.tree["languages"] == ["en", "zh-CN", "ja"]
    parts.did("settings", "language drop zh-CN")
    assert "总体感受" not in write(parts.document).decode()
    parts.did("settings", "language drop ja")
    assert parts.act("settings", "language drop en").status_code == 422
    for wrong in ("en", "", "中文", "EN", "x" * 40, "english please"):
        refused = parts.act("settings", "word", verb="language add", word=wrong)
        assert refused.status_code in (404, 422), wrong
    for _ in range(4):
        parts.did("settings", "undo")
    assert write(parts.document) == before
    assert to_tree(parts.document)["languages"] == ["zh-CN", "en"]

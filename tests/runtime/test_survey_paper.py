"""The paper form, and what its maker may load."""

import contextlib
import html
import json
import re
import socket
import zlib
from pathlib import Path
from typing import Any

import pytest
import segno
from litestar.testing import TestClient

from engine.parse import parse
from renderers.documents import Refused, render_pdf
from runtime.staff.pages.survey_paper import paper_html, print_paper
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with
from tests.runtime.test_users_page import sign_in


def test_a_form_of_paper_comes_as_pdf(deployment: Deployment, client: TestClient[Any]) -> None:
    """With the address as a code. # R0.4 (part)"""
    store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
    sign_in(deployment, client, "reader", "analyst")
    answer = client.get("/staff/surveys/visit/paper.pdf")
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert client.get("/staff/surveys/none/paper.pdf").status_code == 404


def test_every_question_stands_on_paper_with_its_rules_in_words() -> None:
    """Each example survey: numbered questions, conditions by number, boxes for options.

    # R0.4 (part)
    """
    for file in sorted(Path("examples/surveys").glob("*.json")):
        document = parse(file.read_bytes()).document
        assert document is not None
        text = html.unescape(paper_html(document, "zh-CN", "http://h/s/x", 1, "2026-01-02", {}))
        asked = [q for page in document.pages for q in page.questions]
        assert text.count('<div class="question ') == len(asked)
        assert text.count('<span class="number">') == sum(not q.valueless for q in asked)
        conditional = sum(q.show_if is not None for q in asked)
        assert text.count("请答此题") + text.count("请阅读这段说明") == conditional
    document = parse(json.dumps(SURVEY).encode()).document
    assert document is not None
    text = html.unescape(paper_html(document, "zh-CN", "http://h/s/x", 1, "2026-01-02", {}))
    assert "如果第 1 题不超过 3 分，请答此题；否则请跳过。" in text


@pytest.mark.parametrize(
    "named",
    ["file:///etc/passwd", "http://127.0.0.1:1/x", "data:text/css,body{}", "own:other", "x.png"],
)
def test_the_pdf_loads_only_what_it_is_handed(named: str) -> None:
    """Neither files nor addresses nor data, in a picture or a style. # S25 (part)"""
    with pytest.raises(Refused):
        render_pdf(f'<img src="{named}" alt="">', "")
    with pytest.raises(Refused):
        render_pdf("<p>x</p>", f'p {{ background: url("{named}") }}')
    with pytest.raises(Refused):
        render_pdf(f'<link rel="stylesheet" href="{named}"><p>x</p>', "")


def test_the_pdf_asks_nobody_and_embeds_no_file(tmp_path: Path) -> None:
    """A server of this machine is asked for nothing, a file is in no PDF. # S25"""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of this server")
    heard: list[tuple[str, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        port = server.getsockname()[1]
        for html_text in (
            f'<link rel="attachment" href="{secret.as_uri()}"><p>x</p>',
            f'<a rel="attachment" href="{secret.as_uri()}">x</a>',
            f'<img src="http://127.0.0.1:{port}/x"><p>x</p>',
            f'<object data="http://127.0.0.1:{port}/x"></object><iframe src="{secret.as_uri()}">',
            f'<svg><image href="http://127.0.0.1:{port}/x"/></svg>',
            f"<style>@import 'http://127.0.0.1:{port}/x';</style><p>x</p>",
        ):
            try:
                made = render_pdf(html_text, "")
            except Refused:
                continue
            assert b"EmbeddedFile" not in made, html_text
        with contextlib.suppress(TimeoutError):
            heard.append(server.accept()[1])
    assert heard == []


def test_words_of_a_survey_stay_words_on_paper() -> None:
    """A title that would be a picture is text. # S25 (part)"""
    title = '<img src="file:///etc/passwd">'
    document = parse(json.dumps(survey_with(title={"zh-CN": title, "en": "x"})).encode()).document
    assert document is not None
    text = paper_html(document, "zh-CN", "http://h/s/x", None, "2026-01-02", {})
    assert title not in text and "&lt;img" in text


def test_the_published_version_and_the_draft_are_printed_each_at_its_place(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """`paper.pdf` is what patients see; a draft is printed elsewhere, without a code.
    # R0.4 (part)"""
    store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
    store_survey(deployment.db, json.dumps(survey_with(id="unborn")).encode())
    changed = survey_with(title={"zh-CN": "改过的调查", "en": "Changed"})
    store_survey(deployment.db, json.dumps(changed).encode())
    sign_in(deployment, client, "designer", "survey_designer")
    url = "/staff/surveys/visit"
    published, draft, first = (
        opened(client.get(f"{url}/{path}").content)
        for path in ("paper.pdf", "edit/paper.pdf", "versions/1/paper.pdf")
    )
    assert is_titled(published, "就诊调查") and is_titled(first, "就诊调查")
    assert is_titled(draft, "改过的调查") and not is_titled(published, "改过的调查")
    assert code_in(published) and code_in(first) and not code_in(draft)
    assert client.get("/staff/surveys/unborn/paper.pdf").status_code == 404
    assert client.get("/staff/surveys/unborn/edit/paper.pdf").status_code == 200
    for number in ("0", "2", "99999999999"):
        assert client.get(f"{url}/versions/{number}/paper.pdf").status_code == 404


def test_a_draft_on_paper_says_that_it_is_not_for_patients() -> None:
    """In words, in place of the code. # R0.4 (part)"""
    document = parse(json.dumps(SURVEY).encode()).document
    assert document is not None
    draft = paper_html(document, "zh-CN", "http://h/s/x", None, "2026-01-02", {})
    assert "尚未发布，请勿发给患者" in draft and "http://h/s/x" not in draft


@pytest.mark.parametrize("host", ["https://survey.hospital.example", "http://10.0.0.1:8000"])
def test_the_code_on_paper_is_the_address(host: str) -> None:
    """Read from the strokes of the PDF itself, module by module. # R0.4 (part)"""
    address = f"{host}/s/outpatient_satisfaction"
    document = parse(json.dumps(SURVEY).encode()).document
    assert document is not None
    pdf = print_paper(document, "zh-CN", address, 1, "2026-01-02", {})
    wanted = {
        (x, y)
        for y, row in enumerate(segno.make(address, micro=False, error="m").matrix)
        for x, is_dark in enumerate(row)
        if is_dark
    }
    assert code_in(opened(pdf)) == wanted


def opened(pdf: bytes) -> bytes:
    """What stands in a PDF's streams, in clear."""
    found: list[bytes] = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found)


def is_titled(content: bytes, title: str) -> bool:
    """Whether this is the title of the PDF."""
    return b"/Title <feff" + title.encode("utf-16-be").hex().encode() + b">" in content


BORDER = 2


def code_in(content: bytes) -> set[tuple[int, int]]:
    """The dark modules of the code: its rows are strokes of one unit through their middles."""
    strokes = re.findall(rb"(\d+) (\d+)\.5 m\n(\d+) (\d+)\.5 l\n", content)
    return {
        (x - BORDER, int(y) - BORDER)
        for start, y, end, other in strokes
        if y == other
        for x in range(int(start), int(end))
    }

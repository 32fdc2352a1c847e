"""Every text that anybody can type goes to every page and export as text, never as markup.

The fields are found from the forms of the pages, in each role; a form that is added later is
filled in without being named here. A form that refuses all its fields together is filled in field
by field too: one that takes a text gets every other, one that takes none a share of them, or all
with EVERY_TEXT=1 in the environment.
"""

import copy
import csv
import html
import io
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
import pytest
from lxml import html as tree_of_html
from openpyxl import load_workbook

from runtime.org.models import Department, Entry, Site, StaffMember
from runtime.org.service import store_organisation
from runtime.surveys.service import store_survey
from tests.e2e.test_web_pages import picture
from tests.security.hospital import Hospital, Page, links_of, walk
from tests.security.markup_corpus import LINKS_OF_SCRIPTS, MARKS, TEXTS, as_shown, broken
from tests.security.test_console_crawl import chromium, survey_with, take_over

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("markup")]

markup: Any = tree_of_html  # its stubs are partly untyped
WRITTEN = ("text", "search", "")
EXPORTS = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
STORABLE = tuple(text for text in TEXTS if as_shown(text) == " ".join(text.split()))
"""Those without characters that no survey may hold."""


PROBES = TEXTS[0], min(TEXTS, key=len)
"""A field that takes neither of these is taken for one that takes none."""
SHARE = 1 if os.environ.get("EVERY_TEXT") else 7
"""Every so many-th text is sent in such a field alone; the next field gets the next ones."""


class Filled(msgspec.Struct):
    """What became of one field of one form."""

    form: str
    field: str
    taken: int = 0
    refused: int = 0


class Filling:
    """Fills every text field of every form that a walk finds, and reads what comes back."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.fields: dict[tuple[str, str], Filled] = {}
        self.wrong: list[str] = []
        self.exports: Counter[str] = Counter()
        self._number = 0
        self.papers: set[str] = set()
        self._seen: set[tuple[str, tuple[str, ...]]] = set()

    def walk(self, role: str, http: httpx.Client) -> None:
        """Every form of every page of this role."""
        for page in list(walk(self.hospital, role, http, self.papers)):
            self.read(page.where, page.status, page.headers, page.text, b"")
            if page.is_html and page.status == 200:
                tree: Any = markup.fromstring(page.text.encode())
                for form in tree.forms:
                    self._fill(page, form, http)

    def read(
        self, where: str, status: int, headers: httpx.Headers, text: str, content: bytes
    ) -> None:
        """Look at an answer for what is not as typed."""
        kind = headers.get("content-type", "").partition(";")[0]
        if status >= 500:
            self.wrong.append(f"{where}: {status}")
        elif kind == "text/html" and text.strip():
            self.wrong += [f"{where}: {one}" for one in _wrong_in_page(text)]
        elif kind in EXPORTS and content:
            self.exports[where] += 1
            self.wrong += [f"{where}: {one}" for one in _wrong_in_cells(kind, content)]

    def _fill(self, page: Page, form: Any, http: httpx.Client) -> None:
        names = [
            one.name
            for one in form.inputs
            if one.name
            and (one.tag == "textarea" or (one.tag == "input" and one.get("type", "") in WRITTEN))
            and one.get("readonly") is None
        ]
        action = urljoin(page.path, form.get("action") or urlsplit(page.path).path)
        key = (f"{form.method} {self.hospital.route_of(action)}", tuple(sorted(names)))
        if not names or key in self._seen:
            return
        self._seen.add(key)

        def typed(fields: list[str], text: str) -> bool:
            taken = self._send(page, form, action, dict.fromkeys(fields, text), http)
            self._note(key[0], fields, taken)
            return taken

        together = [typed(names, text) for text in TEXTS]
        if together[0] or len(names) == 1:
            return
        for place, name in enumerate(names):
            taken = [typed([name], text) for text in PROBES]
            rest = [text for text in TEXTS if text not in PROBES]
            for text in rest if any(taken) else rest[place % SHARE :: SHARE]:
                typed([name], text)

    def _note(self, form: str, names: list[str], taken: bool) -> None:
        for name in names:
            field = self.fields.setdefault((form, name), Filled(form, name))
            field.taken += taken
            field.refused += not taken

    def _send(
        self, page: Page, form: Any, action: str, typed: dict[str, str], http: httpx.Client
    ) -> bool:
        """Send the form with these texts; whether they were taken."""
        self._number += 1
        values: Any = list(_values(form, typed, self._number))
        if form.method == "GET":
            answer = http.get(action, params=values, follow_redirects=True)
        else:
            data: dict[str, list[str]] = {}
            for name, value in values:
                data.setdefault(name, []).append(value)
            files = {
                one.name: (next(iter(typed.values())), b"a,b\r\n=1+1,<b>\r\n", "text/csv")
                for one in form.inputs
                if one.tag == "input" and one.get("type") == "file" and one.name
            }
            answer = http.post(action, data=data, files=files or None, follow_redirects=True)
        where = f"{page.role}: {form.method} {action} {sorted(typed)} -> {answer.status_code}"
        self.read(where, answer.status_code, answer.headers, answer.text, answer.content)
        return answer.status_code == 200


def _values(form: Any, typed: dict[str, str], number: int) -> Iterator[tuple[str, str]]:
    """What a browser would send: what stands there, the first choices, and the typed texts."""
    button = False
    for one in form.inputs:
        name, kind = one.name, one.get("type", "")
        if not name or one.get("disabled") is not None:
            continue
        if name in typed:
            yield name, typed[name]
        elif one.tag == "button" or kind == "submit":
            if not button:
                yield name, one.get("value", "")
            button = True
        elif one.tag == "select":
            choices = [value for value in one.value_options if value]
            yield name, (one.value if not one.multiple else None) or (choices or [""])[0]
        elif kind in ("checkbox", "radio"):
            if one.get("checked") is not None or one.get("required") is not None:
                yield name, one.get("value", "on")
        elif kind != "file":
            plausible = f"w{number}" if kind in WRITTEN else ""
            is_wanted = one.get("required") is not None and one.get("type") != "hidden"
            yield name, one.value or (plausible if is_wanted else "")


def _marked(tree: Any) -> Iterator[str]:
    """Every text and attribute of a page that holds a mark of the corpus."""
    for one in tree.iter():
        if isinstance(one.tag, str):
            parts = [one.text, *(child.tail for child in one), *one.attrib.values()]
            yield from (part for part in parts if part and "zq" in part)


def _trees(text: str) -> Iterator[tuple[Any, list[str]]]:
    """A page with the texts whose changes it marks and those drawn in several lines, and the
    pages that stand in its frames."""
    tree: Any = markup.fromstring(text.encode())
    framed = [one.attrib.pop("srcdoc", "") for one in tree.iter("iframe")]
    drawn: list[str] = [one.text_content() for one in tree.iter("text")]
    for one in list(tree.iter("text")):
        one.drop_tree()
    reworded = dict.fromkeys(piece.getparent() for piece in tree.iter("ins", "del"))
    yield tree, drawn + [told for one in reworded for told in _put_together(one)]
    for one in framed:
        if one:
            yield from _trees(one)


def _put_together(reworded: Any) -> list[str]:
    """The two texts that a text with marked changes shows; it is taken out of the page."""
    texts: list[str] = []
    for left_out in ("del", "ins"):
        version = copy.deepcopy(reworded)
        version.tail = None
        for piece in list(version.iter(left_out)):
            piece.drop_tree()
        texts.append(version.text_content())
    reworded.drop_tree()
    return texts


def _wrong_in_page(text: str) -> list[str]:
    """What a page shows otherwise than it was typed, and whatever would run."""
    return [wrong for tree, told in _trees(text) for wrong in _wrong_in_tree(tree, told)]


def _wrong_in_tree(tree: Any, told: list[str]) -> list[str]:
    shown = [*_marked(tree), *told]
    wrong = broken([part for part in shown if any(mark in part for mark in MARKS)])
    for one in tree.iter():
        if isinstance(one.tag, str):
            wrong += [f"<{one.tag} {name}>" for name in one.attrib if name.startswith("on")]
            wrong += [
                f"<{one.tag} {name}={value[:60]!r}>"
                for name, value in one.attrib.items()
                if name in ("href", "src", "action", "formaction", "hx-get", "hx-post")
                and value.strip().lower().startswith(LINKS_OF_SCRIPTS)
            ]
    return wrong


def _cells(kind: str, content: bytes) -> Iterator[Any]:
    if kind == "text/csv":
        text = content.decode("utf-8-sig")
        yield from (cell for row in csv.reader(io.StringIO(text)) for cell in row)
        return
    book = load_workbook(io.BytesIO(content))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                yield "=formula" if cell.data_type == "f" else cell.value


def _wrong_in_cells(kind: str, content: bytes) -> list[str]:
    """Cells that a spreadsheet would run, and texts that are not as typed."""
    cells = [cell for cell in _cells(kind, content) if isinstance(cell, str) and cell]
    runs = [f"a formula: {cell[:60]!r}" for cell in cells if cell[0] in "=+-@\t\r" and cell != "-"]
    return runs + broken([cell for cell in cells if "zq" in cell])


def words(text: str) -> dict[str, str]:
    """The text in both languages."""
    return {"zh-CN": text, "en": text}


def asked(text: str) -> dict[str, str]:
    """The same in a survey, where two braces would stand for an answer given before."""
    return words(text.replace("{{", "\\{{"))


def plant_organisation(hospital: Hospital) -> None:
    """Sites, departments, staff and entries whose names are the corpus."""
    numbered = list(enumerate(STORABLE))
    people = [
        StaffMember(id=f"zp{n}", name=words(text), department=f"zd{n}", site="zs0")
        for n, text in numbered
    ]
    store_organisation(
        hospital.deployment.db,
        sites=[Site(id=f"zs{n}", name=words(text), kind="hospital") for n, text in numbered[:3]],
        departments=[
            Department(id=f"zd{n}", name=words(text), sites=("zs0",)) for n, text in numbered
        ],
        staff=people,
        dictionaries={"zz": [Entry(id=f"ze{n}", name=words(text)) for n, text in numbered]},
    )


def survey_of_markup() -> dict[str, Any]:
    """A survey whose every word is of the corpus, with a free text for each, kept plain."""
    texts = [
        {"id": f"t{n}", "type": "text", "text": asked(text), "privacy": "none", "lines": 3}
        for n, text in enumerate(STORABLE)
    ]
    choice = {
        "id": "pick",
        "type": "multi_choice",
        "text": asked(STORABLE[0]),
        "options": [
            {"id": f"o{n}", "text": asked(text), "text_entry": "optional"}
            for n, text in enumerate(STORABLE[:40])
        ],
    }
    rating = {"id": "rate", "type": "rating", "text": asked(STORABLE[1])}
    photo = {"id": "photo", "type": "picture_upload", "text": asked(STORABLE[2])}
    sealed = {"id": "sealed", "type": "text", "text": asked(STORABLE[3])}
    pages = [
        {"id": "one", "title": asked(STORABLE[4]), "questions": [rating, choice, photo, sealed]},
        {"id": "two", "title": asked(STORABLE[5]), "questions": texts},
    ]
    score = {"id": "points", "title": asked(STORABLE[6]), "of": ["rate"], "method": "mean"}
    ending = {"id": "bye", "text": asked(STORABLE[7])}
    return survey_with(
        id="markup", title=asked(STORABLE[8]), pages=pages, scores=[score], endings=[ending],
        alerts=[], context={},
    )  # fmt: skip


def submit_markup(hospital: Hospital) -> int:
    """A response by the HTTP API whose answers and file names are the corpus; how many files."""
    store_survey(hospital.deployment.db, msgspec.json.encode(survey_of_markup()), publish=True)
    with httpx.Client(base_url=hospital.base, timeout=30) as http:
        body = {"survey": "markup", "channel": "web", "lang": "zh-CN"}
        began = http.post("/api/v1/sessions", json=body).json()
        headers = {"authorization": f"Bearer {began['token']}"}
        url = f"/api/v1/sessions/{began['session']}"
        kept = 0
        for text in TEXTS:
            files = {"file": (text, picture(), "image/png")}
            sent = http.post(
                f"{url}/attachments", data={"question": "photo"}, files=files, headers=headers
            )
            assert sent.status_code < 500, sent.text
            if sent.status_code == 201:
                kept += 1
                identity = sent.json()["id"]
                http.delete(f"{url}/attachments/{identity}", headers=headers)
        other = {"choice": "o0", "text": STORABLE[0]}
        first = {"rate": 1, "pick": [other], "sealed": STORABLE[0]}
        second = {f"t{n}": text for n, text in enumerate(STORABLE)}
        moved = http.post(f"{url}/next", json={"answers": first}, headers=headers)
        assert moved.status_code == 200, moved.text
        done = http.post(f"{url}/submit", json={"answers": second}, headers=headers)
        assert done.status_code == 201, done.text
    return kept


@pytest.fixture(scope="module")
def filled(hospital: Hospital) -> Filling:
    """Everything filled in, in every role."""
    plant_organisation(hospital)
    assert submit_markup(hospital) >= 1
    filling = Filling(hospital)
    for number, role in enumerate(hospital.presets()):
        with hospital.sign_in(role, login=f"filler_{number}") as http:
            filling.walk(role, http)
    return filling


def test_every_text_that_is_typed_comes_back_as_typed(filled: Filling) -> None:
    """Each field of each form with each text: pages, refusals, exports; never a 5xx.

    # S21 (part) S27 (part)
    """
    assert filled.wrong == [], "\n".join(filled.wrong[:40])
    assert len(TEXTS) >= 30
    assert len(filled.fields) >= 5
    assert [one for one in filled.fields.values() if one.taken]


def test_no_text_of_anybody_runs_in_a_browser(
    filled: Filling, hospital: Hospital, chromium: Any
) -> None:
    """With the pages' policy switched off, so that escaping alone protects. # S21 (part)"""
    chromium.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    wrong: list[str] = []
    shown: set[str] = set()
    read: set[tuple[str, int]] = set()
    for number, role in enumerate(hospital.presets()):
        with hospital.sign_in(role, login=f"looker_{number}") as http:
            pages = [p for p in walk(hospital, role, http, filled.papers) if p.is_html]
            take_over(chromium, http, hospital.base)
            for page in pages:
                marks = frozenset(mark for mark in MARKS if mark in page.text)
                if not marks or (page.route, len(marks)) in read:
                    continue
                read.add((page.route, len(marks)))
                shown |= {page.route}
                wrong += [f"{page.where}: {one}" for one in _browsed(chromium, hospital, page.path)]
    for path in ("/s/", "/s/markup", "/kiosk/", "/kiosk/s/markup"):
        wrong += [f"{path}: {one}" for one in _browsed(chromium, hospital, path)]
    assert wrong == [], "\n".join(wrong[:40])
    assert len(shown) >= 3


ALL_MARKED = """
const found = [];
let ran = Boolean(window.planted);
function putTogether(reworded) {
  const texts = ["del", "ins"].map((leftOut) => {
    const version = reworded.cloneNode(true);
    version.querySelectorAll(leftOut).forEach((piece) => piece.remove());
    return version.textContent;
  });
  reworded.replaceChildren(...texts.map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
}
function look(page) {
  const pieces = Array.from(page.querySelectorAll("ins, del"));
  new Set(pieces.map((piece) => piece.parentElement)).forEach(putTogether);
  page.querySelectorAll("text").forEach((drawn) => { drawn.textContent = drawn.textContent; });
  const all = page.createTreeWalker(page, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (all.nextNode()) {
    const node = all.currentNode;
    if (node.nodeType === 3) { if (/zq\\d\\dz/.test(node.data)) found.push(node.data); continue; }
    for (const one of node.attributes) {
      if (one.name !== "srcdoc" && /zq\\d\\dz/.test(one.value)) found.push(one.value);
    }
    if (node.localName === "iframe" && node.contentDocument) {
      ran = ran || Boolean(node.contentWindow.planted);
      look(node.contentDocument);
    }
  }
}
look(document);
return [found, ran, location.href];
"""


def _browsed(chromium: Any, hospital: Hospital, path: str) -> list[str]:
    """What is wrong with a page in a real browser: something ran, or a text is not as typed."""
    chromium.get(hospital.base + path)
    found, ran, address = chromium.execute_script(ALL_MARKED)
    wrong = ["a script ran"] if ran else []
    wrong += [] if address.startswith(hospital.base) else [f"led away to {address}"]
    return wrong + broken(found)


def test_the_checks_see_what_they_look_for(chromium: Any, hospital: Hospital) -> None:
    """A page that forgot to escape, a cell that was not made neutral: each is found."""
    for text in (TEXTS[0], TEXTS[7], TEXTS[24]):
        assert _wrong_in_page(f"<!doctype html><body><a href='{text}'>x</a>{text}</body>")
        shown = html.escape(f"<!doctype html><body><p>{html.escape(text)}</p></body>")
        forgot = html.escape(f"<!doctype html><body><a href='{text}'>x</a>{text}</body>")
        assert not _wrong_in_page(f'<!doctype html><body><iframe srcdoc="{shown}"></iframe></body>')
        assert _wrong_in_page(f'<!doctype html><body><iframe srcdoc="{forgot}"></iframe></body>')
    assert _wrong_in_cells("text/csv", b"a,=1+1 zq42z\r\n")
    assert not _wrong_in_cells("text/csv", b"a,'=1+1 zq42z\r\n")
    assert links_of(Page("r", "/a", "/a", "", 200, httpx.Headers(), "<a href='/b'>b</a>")) == ["/b"]
    chromium.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    chromium.get(hospital.base + "/health/live")
    chromium.execute_script("document.body.innerHTML = arguments[0]", TEXTS[7])
    found, ran, _ = chromium.execute_script(ALL_MARKED)
    assert broken(found) or ran

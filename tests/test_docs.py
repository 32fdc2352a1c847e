"""What the pages of the documentation name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(
    (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *DECISIONS.glob("*.md")),
)
FOLDERS = "engine|runtime|builder|renderers|interchange|tests|docs|examples|schemas|build_hooks"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A renamed file is renamed in what is written about it too."""
    text = page.read_text(encoding="utf-8")
    files = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)", text)
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    gone = [name for name in files if not (ROOT / name.rstrip("/.")).exists()]
    gone += [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert gone == []


def test_every_decision_stands_in_the_list_under_its_own_title() -> None:
    listed = re.findall(
        r"^- \[(\d{4})\]\((\S+)\) (.+)$", (DECISIONS / "README.md").read_text("utf-8"), re.MULTILINE
    )
    pages = {page.name: page.read_text("utf-8") for page in DECISIONS.glob("[0-9]*.md")}
    assert sorted(name for _, name, _ in listed) == sorted(pages)
    for number, name, title in listed:
        assert pages[name].startswith(f"# {number} {title}\n"), name

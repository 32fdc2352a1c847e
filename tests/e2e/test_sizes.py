"""Pages of staff in windows of several sizes: nothing beyond the edge, the work at the top."""

from collections.abc import Iterator

import pytest

from tests.e2e.test_builder import Author
from tests.e2e.test_web_journey import Screen
from tests.serving import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web")]

BUILDER = "/staff/surveys/outpatient_satisfaction/edit"
PAGES = ("/staff/", "/staff/templates", "/staff/bank", "/staff/surveys", BUILDER)
PHONE, TABLET, DESKTOP = (390, 844), (900, 800), (1280, 800)


@pytest.fixture(scope="module")
def author(program: Running) -> Iterator[Author]:
    """A designer's browser."""
    made = program.command("user", "create", "sizes", "--role", "survey_designer")
    screen = Screen(program, DESKTOP)
    try:
        found = Author(screen)
        found.sign_in(made.strip().splitlines()[-1])
        yield found
    finally:
        screen.driver.quit()


def resize(author: Author, size: tuple[int, int]) -> None:
    width, height = size
    wanted = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    author.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", wanted)


def box(author: Author, selector: str) -> dict[str, float]:
    script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    return author.driver.execute_script(script, selector)


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_the_head_of_a_page_is_one_line_and_nothing_is_beyond_the_edge(
    author: Author, size: tuple[int, int]
) -> None:
    """Menu, name, search, whoever is signed in: above the fold stands the work."""
    resize(author, size)
    for path in PAGES:
        author.screen.open(path)
        assert box(author, ".bar")["height"] <= 60, path
        assert author.driver.execute_script("return document.body.scrollWidth") <= size[0], path


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_builder_has_the_sections_in_a_drawer(author: Author, size: tuple[int, int]) -> None:
    """It takes no width, opens by its button and leads on."""
    resize(author, size)
    author.screen.open(BUILDER)
    assert not author.screen.find("nav.sections").is_displayed()
    author.screen.press(".menu")
    author.screen.wait(lambda: author.screen.find("nav.sections").is_displayed())
    author.screen.press('nav.sections a[href="/staff/bank"]')
    author.screen.wait(lambda: author.driver.current_url.endswith("/staff/bank"))


def test_on_a_tablet_types_and_properties_take_turns_beside_the_canvas(author: Author) -> None:
    """The survey is at the top of the window, whatever stands beside it."""
    resize(author, TABLET)
    author.screen.open(BUILDER)
    author.screen.wait(lambda: author.screen.has("body.has-script"))
    for side, other in (("props", "palette"), ("palette", "props")):
        author.screen.press(f'.pane-switch a[href="#{side}"]')
        canvas, beside = box(author, "#canvas"), box(author, f"#{side}")
        assert canvas["top"] < 300 and canvas["width"] > 450
        assert beside["left"] >= canvas["right"] and beside["top"] < 300
        assert not author.screen.find(f"#{other}").is_displayed()


def test_a_finger_finds_the_links_of_a_table_on_a_phone(author: Author) -> None:
    """A link reaches beyond its letters: 44 px high."""
    resize(author, PHONE)
    author.screen.open("/staff/surveys")
    script = """
        const link = document.querySelector('.stack td a');
        link.scrollIntoView({block: 'center'});
        const {left, top, bottom} = link.getBoundingClientRect();
        return [top - 9, bottom + 9].map((y) => document.elementFromPoint(left + 5, y) === link);
    """
    assert author.driver.execute_script(script) == [True, True]

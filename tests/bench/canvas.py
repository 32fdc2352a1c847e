"""The builder's page with a survey of 200 questions in Chromium: does it stay fluent.

python -m tests.bench.canvas             # half a minute, on a machine that does nothing else

For each act the longest task of the page's thread and the longest wait for a frame, in
milliseconds. The baseline of a line is the same act in a survey of ten questions, in the same run.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from msgspec import Struct
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.bench.builder import signed_in, store, surveys
from tests.e2e.test_builder import Author
from tests.e2e.test_web_journey import DESKTOP, Screen
from tests.security.test_console_crawl import take_over
from tests.serving import Running, running

GOAL_MS = 100
WATCH = """
window.tasks = [0];
window.frames = [0];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.tasks.push(entry.duration);
}).observe({ type: "longtask", buffered: arguments[0] });
let last = performance.now();
(function frame(now) {
  window.frames.push(now - last);
  last = now;
  requestAnimationFrame(frame);
})(last);
"""
"""Notes every task above 50 ms, which a browser calls long, and every wait for a frame."""
SCROLL = """
const done = arguments[arguments.length - 1];
let at = 0;
(function step() {
  at += document.body.scrollHeight / 90;
  window.scrollTo(0, at);
  if (at < document.body.scrollHeight) requestAnimationFrame(step); else done();
})();
"""


class Longest(Struct, frozen=True):
    """The longest task and the longest wait for a frame during an act; 0 for none above 50 ms."""

    task: float
    frame: float


def main() -> None:
    """Serves, measures, prints one table."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        with running(Path(folder), HUISHENG_LOG_LEVEL="warning") as program:
            token = program.token("surveys:write")
            for document in surveys():
                store(program, token, document)
            with signed_in(program) as http:
                many, few = measured(program, http, "bench"), measured(program, http, "few")
            print(f"{'200 questions':<28}{'task ms':>9}{'frame ms':>9}{'of 10':>8}{'frame':>8}")
            for act, found in many.items():
                late = "  over the goal" if found.task > GOAL_MS else ""
                small = few[act]
                print(
                    f"  {act:<26}{found.task:>9.0f}{found.frame:>9.0f}"
                    f"{small.task:>8.0f}{small.frame:>8.0f}{late}"
                )


def measured(program: Running, http: httpx.Client, survey: str) -> dict[str, Longest]:
    """Every act in one survey."""
    author = Author(Screen(program, DESKTOP))
    try:
        author.screen.open("/health/live")
        take_over(author.driver, http, program.base)
        author.screen.open(f"/staff/surveys/{survey}/edit?at=q10_0")
        author.screen.wait(lambda: author.screen.has("body.has-script"))
        time.sleep(1)
        found = {"open": longest(author, is_buffered=True)}
        for act, do in ACTS.items():
            longest(author)
            do(author)
            time.sleep(0.3)
            found[act] = read(author)
        return found
    finally:
        author.driver.quit()


def longest(author: Author, *, is_buffered: bool = False) -> Longest:
    """Begin to watch; what was long before, where the browser has kept it."""
    author.driver.execute_script(WATCH, is_buffered)
    time.sleep(0.2)
    return read(author)


def read(author: Author) -> Longest:
    """What was longest since the watch began."""
    script = "return [Math.max(...window.tasks), Math.max(...window.frames)]"
    return Longest(*author.driver.execute_script(script))


def scroll(author: Author) -> None:
    """From the top to the end."""
    author.driver.execute_async_script(SCROLL)


def write(author: Author) -> None:
    """Twenty characters into the panel, left so that they are saved."""
    field = author.screen.find('[name="m:text"]')
    for letter in "您觉得这一次的服务怎么样呢请您告诉我们吧":
        field.send_keys(letter)
    field.send_keys(Keys.TAB)
    author.settle()


def choose(author: Author) -> None:
    """Another question."""
    author.choose("q10_3")
    author.settle()


def add(author: Author) -> None:
    """A question by its button."""
    author.add("rating")
    author.settle()


def drag(author: Author) -> None:
    """A question over five others."""
    author.drag('[data-question="q10_9"]', '[data-question="q10_4"]')
    author.settle()


def move(author: Author) -> None:
    """A question by its keys."""
    author.driver.execute_script("document.getElementById('q-q10_4').focus()")
    hand = ActionChains(author.driver).key_down(Keys.ALT).send_keys(Keys.ARROW_DOWN)
    hand.key_up(Keys.ALT).perform()
    time.sleep(0.2)
    author.settle()


def undo(author: Author) -> None:
    """Take it back."""
    author.screen.press("#b-undo")
    time.sleep(0.2)
    author.settle()


ACTS: dict[str, Callable[[Author], None]] = {
    "scroll": scroll,
    "type and save": write,
    "choose a question": choose,
    "add a question": add,
    "drag a question": drag,
    "move by keys": move,
    "undo": undo,
}

if __name__ == "__main__":
    main()

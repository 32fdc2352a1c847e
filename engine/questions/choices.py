"""What the question types with options share."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from engine.parts import Option
from engine.problems import Problem
from engine.questions.base import QuestionBase, Read, Scene, clean_text, fault
from engine.text import Text

Appearance = Literal["list", "buttons", "dropdown", "pictures"]
MAX_ENTERED_TEXT = 2000
NO_CHOICE = frozenset({"wrong_type", "unknown_option"})
"""Problems of a choice that names no option of the document."""


class OptionView(msgspec.Struct, omit_defaults=True):
    """One option as a channel shows it."""

    id: str
    text: str
    image: str | None = None
    text_entry: str | None = None
    exclusive: bool = False


class ChoiceQuestion(QuestionBase, frozen=True, kw_only=True):
    """A question whose answer names options."""

    options: tuple[Option, ...]
    shuffle: bool = False

    def ids(self) -> tuple[str, ...]:
        """Option ids in the document's order."""
        return tuple(option.id for option in self.options)

    def choices(self) -> tuple[Any, ...]:
        return self.options

    def texts(self) -> Iterator[tuple[str, Text]]:
        for i, option in enumerate(self.options):
            yield f"/options/{i}/text", option.text

    def option_faults(self, at: str, least: float) -> Iterator[Problem]:
        """Faults of the options; points run from `least` to 100."""
        if not self.options:
            yield fault("no_options", at, "options")
        for i, option in enumerate(self.options):
            if option.points is not None and not least <= option.points <= 100:
                yield fault("points_range", at, "options", i, "points", low=least, high=100)

    def read_choice(self, raw: Any, *path: str | int) -> Read:
        """One chosen option, `id` or `{"choice": id, "text": …}`, hidden or not."""
        text = ""
        chosen = raw
        if raw.__class__ is dict:
            if not raw.keys() <= {"choice", "text"} or raw.get("choice").__class__ is not str:
                return self.bad("wrong_type", *path)
            chosen = raw["choice"]
            entered = raw.get("text") or ""
            if entered.__class__ is not str:
                return self.bad("wrong_type", *path)
            cleaned = clean_text(entered)
            if cleaned is None:
                return self.bad("bad_text", *path)
            text = cleaned
        if chosen.__class__ is not str:
            return self.bad("wrong_type", *path)
        option = next((o for o in self.options if o.id == chosen), None)
        if option is None:
            return self.bad("unknown_option", *path)
        if text and option.text_entry is None:
            return self.bad("not_allowed", *path)
        if len(text) > MAX_ENTERED_TEXT:
            return self.bad("too_long", *path, max=MAX_ENTERED_TEXT)
        if not text and option.text_entry == "required":
            return self.bad("text_required", *path)
        return Read({"choice": chosen, "text": text} if text else chosen)

    def option_views(self, scene: Scene) -> list[OptionView]:
        """The options that exist for this response, in the session's order."""
        shown = [o for o in self.options if o.id not in scene.hidden]
        if self.shuffle and scene.order is not None:
            moving = sorted((o for o in shown if not o.fixed), key=scene.order)
            shown = moving + [o for o in shown if o.fixed]
        return [
            OptionView(
                id=o.id,
                text=scene.say(o.text),
                image=o.image,
                text_entry=o.text_entry,
                exclusive=o.exclusive,
            )
            for o in shown
        ]


def chosen_id(value: Any) -> Any:
    """The option id of one normal choice value."""
    return value["choice"] if value.__class__ is dict else value


def entered_text(value: Any) -> str | None:
    """The text entered beside one normal choice value."""
    return value.get("text") if value.__class__ is dict else None

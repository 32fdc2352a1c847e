"""The server's catalogues hold the same sentences in each language."""

import json
import re
from importlib.resources import files
from typing import Any

from builder.names import catalogue as builder_catalogue
from renderers.web.words import wording
from runtime.kit.words import LANGUAGES, catalogue, say


def _files(lang: str) -> dict[str, dict[str, str]]:
    folder: Any = files("runtime.kit") / "messages" / lang
    return {one.name: json.loads(one.read_text("utf-8")) for one in folder.iterdir()}


def test_each_language_has_each_sentence_in_the_same_file() -> None:
    """Neither a file nor a code of one language is missing in another."""
    first, *others = ({name: set(one) for name, one in _files(lang).items()} for lang in LANGUAGES)
    assert all(other == first for other in others)


def test_a_code_stands_in_one_file() -> None:
    """Two files never fight over a code."""
    for lang in LANGUAGES:
        assert sum(map(len, _files(lang).values())) == len(catalogue(lang))


def test_sentences_of_a_code_have_the_same_places_to_fill() -> None:
    """A count or a name that one language tells is told in the other."""
    places = re.compile(r"\{([a-z_]+)\}")
    chinese, english = (catalogue(lang) for lang in LANGUAGES)
    different = {
        code: (text, english[code])
        for code, text in chinese.items()
        if set(places.findall(text)) != set(places.findall(english[code]))
    }
    assert not different


def test_one_is_told_in_the_singular() -> None:
    """English counts have a word for one: `{n|error has|errors have}`."""
    assert say("publish_errors", "en", n=1) == "1 error has to be mended before publishing:"
    assert say("publish_errors", "en", n=2) == "2 errors have to be mended before publishing:"
    assert say("jobs_every", "en", minutes=1) == "every minute"
    assert say("jobs_every", "en", minutes=5) == "every 5 minutes"
    assert (wording("en")("points", n=1), wording("en")("points", n=2)) == ("1 point", "2 points")
    sentences = {**catalogue("en"), **builder_catalogue("en")}
    counts = r"(?<!\|)\{(?:n|minutes|points|rows|places|total|unfit)\} "
    plural = re.compile(counts + r"(?!leads\b|was\b)(?:(?:more|other|working) )?[a-z]+s\b")
    assert {code: text for code, text in sentences.items() if plural.search(text)} == {}

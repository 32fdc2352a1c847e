"""The server's catalogues hold the same sentences in each language."""

import json
import re
from importlib.resources import files
from typing import Any

from runtime.kit.words import LANGUAGES, catalogue


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

"""Every text of a survey can be set by the address that it is listed with."""

from pathlib import Path

import pytest

from builder.apply import apply
from builder.edits import SetMember
from builder.texts import TextPlace, missing, texts_of
from engine import load

EXAMPLES = sorted(Path("examples").rglob("surveys/*.json")) + sorted(
    Path("examples").glob("*.json")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_text_is_set_where_it_is_listed(path: Path) -> None:
    """In every language of every demo survey; what is read back is what was set. # R0.4 (part)"""
    document = load(path.read_bytes()).document
    places = list(texts_of(document))
    assert len(places) > 3 and not any(place.text is None for place in places)
    assert len({(place.of, place.member) for place in places}) == len(places)
    for place in places[:: max(1, len(places) // 12)]:
        assert isinstance(place.text, dict)
        for language, old in place.text.items():
            edit = SetMember(
                of=place.of, member=f"{place.member}/{language}", value=old + "～", was=old
            )
            after = next(
                one
                for one in texts_of(apply(document, edit).document)
                if (one.of, one.member) == (place.of, place.member)
            )
            assert after.text == {**place.text, language: old + "～"}


def test_what_is_still_to_be_translated_is_told() -> None:
    """One string serves every language."""
    languages = ("zh-CN", "en")
    assert missing(TextPlace("q", "text", "q", "同"), languages) == ()
    assert missing(TextPlace("q", "text", "q", {"zh-CN": "有", "en": " "}), languages) == ("en",)

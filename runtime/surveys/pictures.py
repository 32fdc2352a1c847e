"""The pictures that a survey shows, and whether they are there."""

from collections.abc import Iterator

import sqlalchemy as sa

import engine
from runtime.kit.db import Database
from runtime.kit.words import say
from runtime.surveys.models import SurveyProblem


def missing_pictures(
    db: Database, document: engine.Document, lang: str
) -> tuple[SurveyProblem, ...]:
    """A problem for each picture that the document shows and nobody uploaded."""
    named = {place: name.removeprefix("sha256:") for place, name in pictures_at(document)}
    if not named:
        return ()
    with db.begin() as connection:
        present = set(
            connection.execute(
                sa.text("SELECT sha256 FROM assets WHERE sha256 = ANY(:named)"),
                {"named": sorted(set(named.values()))},
            ).scalars()
        )
    return tuple(
        SurveyProblem("asset_missing", place, say("surveys_asset_missing", lang), "error")
        for place, name in named.items()
        if name not in present
    )


def pictures_at(document: engine.Document) -> Iterator[tuple[str, str]]:
    """Every `sha256:…` that the document shows, with the pointer to it."""
    for p, page in enumerate(document.pages):
        for q, question in enumerate(page.questions):
            at = f"/pages/{p}/questions/{q}"
            for m, media in enumerate(question.media):
                yield f"{at}/media/{m}/asset", media.asset
            for o, option in enumerate(getattr(question, "options", ())):
                image = getattr(option, "image", None)
                if image:
                    yield f"{at}/options/{o}/image", image


def pictures_of(document: engine.Document) -> set[str]:
    """Every `sha256:…` that the document shows."""
    return {name for _, name in pictures_at(document)}

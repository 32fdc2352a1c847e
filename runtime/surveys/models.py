"""What the survey feature answers."""

from datetime import datetime
from typing import Any, Literal

import msgspec

State = Literal["draft", "published", "closed", "archived"]


class SurveyProblem(msgspec.Struct, frozen=True):
    """A problem of a document or a finding of its proof, worded."""

    code: str
    at: str
    message: str
    severity: Literal["error", "warning"]


class Stored(msgspec.Struct, frozen=True):
    """The outcome of storing or publishing a document; `is_new` tells 201 from 200."""

    id: str
    version: int
    state: State
    problems: tuple[SurveyProblem, ...]
    etag: str
    is_new: bool

    def as_answer(self) -> dict[str, Any]:
        """The members that the API shows."""
        return {
            "id": self.id,
            "version": self.version,
            "state": self.state,
            "problems": self.problems,
        }


class SurveyLine(msgspec.Struct, frozen=True):
    """A survey in a list; `version` is the published one, or None before the first."""

    id: str
    kind: str
    title: dict[str, str]
    state: State
    version: int | None
    updated_at: datetime


class Held(msgspec.Struct, frozen=True):
    """The newest document of a survey; `seq` counts the changes of its draft, `version` is the
    published one, `digest` that version's."""

    id: str
    data: bytes
    seq: int
    version: int | None
    digest: str | None
    is_draft: bool


class Notes(msgspec.Struct, frozen=True):
    """Who published a version, who approved it (nobody: ""), and what they say about it."""

    published_by: str = ""
    approved_by: str = ""
    notes: str = ""


class VersionLine(msgspec.Struct, frozen=True):
    """A published version of a survey in a list."""

    version: int
    published_at: datetime
    published_by: str
    approved_by: str
    notes: str


class SurveyDetail(msgspec.Struct, frozen=True):
    """A survey with its newest document: the draft where there is one, else what is published."""

    id: str
    kind: str
    title: dict[str, str]
    state: State
    version: int | None
    updated_at: datetime
    etag: str
    is_draft: bool
    document: msgspec.Raw


class AssetInfo(msgspec.Struct, frozen=True):
    """A stored picture; documents name it `sha256:<sha256>`."""

    sha256: str
    type: str
    bytes: int

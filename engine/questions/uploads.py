"""picture_upload, file_upload and signature: answers that name stored attachments."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene, fault

_ATTACHMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")
FILE_TYPES = (
    *PICTURE_TYPES,
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
MAX_BYTES = 10 * 1024 * 1024


class PictureUploadView(QuestionView, kw_only=True, tag="picture_upload"):
    """What a channel is shown of it; `types` are media types."""

    max_files: int
    max_bytes: int
    types: list[str]


class FileUploadView(QuestionView, kw_only=True, tag="file_upload"):
    """What a channel is shown of it; `types` are media types."""

    max_files: int
    max_bytes: int
    types: list[str]


class SignatureView(QuestionView, kw_only=True, tag="signature"):
    """What a channel is shown of it."""


class UploadQuestion(QuestionBase, frozen=True, kw_only=True):
    """A question whose answer is a list of attachment ids."""

    personal: ClassVar[bool] = True
    allowed: ClassVar[tuple[str, ...]] = FILE_TYPES
    max_files: Annotated[int, Meta(ge=1, le=20)] = 3
    max_bytes: Annotated[int, Meta(ge=1, le=50 * 1024 * 1024)] = MAX_BYTES
    types: tuple[str, ...] = ()

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("opaque")}

    def accepted_types(self) -> tuple[str, ...]:
        """The media types that may be uploaded."""
        return self.types or self.allowed

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not list or any(item.__class__ is not str for item in raw):
            return self.bad("wrong_type")
        if any(not _is_attachment(item, bounds) for item in raw):
            return self.bad("unknown_attachment")
        if len(set(raw)) < len(raw):
            return self.bad("repeated")
        if len(raw) > self.max_files:
            return self.bad("too_many", max=self.max_files)
        return Read(list(raw))

    def faults(self, at: str) -> Iterator[Problem]:
        for i, media_type in enumerate(self.types):
            if media_type not in self.allowed:
                yield fault("unknown_value", at, "types", i, value=media_type)

    def cells(self, value: Any) -> dict[str, Any]:
        return {self.id: None if value is None else " ".join(value)}


class PictureUpload(UploadQuestion, frozen=True, kw_only=True, tag="picture_upload"):
    """Value: attachment ids of pictures."""

    allowed: ClassVar[tuple[str, ...]] = PICTURE_TYPES

    def view(self, scene: Scene) -> QuestionView:
        return PictureUploadView(
            **scene.common,
            max_files=self.max_files,
            max_bytes=self.max_bytes,
            types=list(self.accepted_types()),
        )


class FileUpload(UploadQuestion, frozen=True, kw_only=True, tag="file_upload"):
    """Value: attachment ids of pictures and documents."""

    def view(self, scene: Scene) -> QuestionView:
        return FileUploadView(
            **scene.common,
            max_files=self.max_files,
            max_bytes=self.max_bytes,
            types=list(self.accepted_types()),
        )


class Signature(QuestionBase, frozen=True, kw_only=True, tag="signature"):
    """Value: one attachment id, a picture."""

    personal: ClassVar[bool] = True

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("opaque")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        return Read(raw) if _is_attachment(raw, bounds) else self.bad("unknown_attachment")

    def view(self, scene: Scene) -> QuestionView:
        return SignatureView(**scene.common)


def _is_attachment(item: str, bounds: Bounds) -> bool:
    return bool(_ATTACHMENT_ID.fullmatch(item)) and (bounds.known is None or item in bounds.known)

"""One form post of a patient page: its fields, and the files that came with it."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from litestar.datastructures import UploadFile

from runtime.kit.bodies import form_of
from runtime.kit.http import Http

UPLOAD = "upload."
OWN_FIELDS = frozenset(("csrf", "rev", "do", "then"))


class PostedFile(msgspec.Struct, frozen=True):
    """A file that was chosen for an upload question."""

    question: str
    name: str
    content: bytes


class Posted(msgspec.Struct, frozen=True):
    """The fields by name, every value in order, and the files."""

    fields: Mapping[str, Sequence[str]]
    files: tuple[PostedFile, ...] = ()

    def one(self, name: str) -> str:
        """The field's first value; "" where there is none."""
        return next(iter(self.fields.get(name, ())), "")

    def number(self, name: str) -> int | None:
        """The field as a whole number; None where it is none."""
        text = self.one(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def kept(self) -> Iterator[tuple[str, str]]:
        """The fields that another page must carry so that nothing typed is lost."""
        for name, values in self.fields.items():
            if name not in OWN_FIELDS and not name.startswith("keep."):
                yield from ((name, value) for value in values)


async def read_posted(request: Http, max_file_bytes: int) -> Posted:
    """The form of a request; of a file that is too large one byte more than allowed is read."""
    fields: dict[str, list[str]] = {}
    files: list[PostedFile] = []
    for name, value in (await form_of(request)).multi_items():
        if not isinstance(value, UploadFile):
            fields.setdefault(name, []).append(str(value))
        elif value.filename and name.startswith(UPLOAD):
            content = await value.read(max_file_bytes + 1)
            files.append(PostedFile(name.removeprefix(UPLOAD), value.filename, content))
    return Posted(fields, tuple(files))

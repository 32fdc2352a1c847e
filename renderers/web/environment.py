"""The Jinja environment of an HTML channel; a channel's own folder comes before the web's."""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from renderers.web import controls

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent.parent / "static"


@functools.cache
def environment(*own: Path) -> Environment:
    """Templates found file by file in `own` first, then among the web's.

    A file of the same name in an own folder can still extend the web's as `web/<name>`.
    """
    made = Environment(
        loader=ChoiceLoader([*(FileSystemLoader(folder) for folder in own), _web_loader()]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
    )
    made.globals |= {"versioned": versioned}
    made.filters |= controls.FILTERS
    made.tests |= controls.TESTS
    return made


def _web_loader() -> ChoiceLoader:
    from jinja2 import PrefixLoader

    plain = FileSystemLoader(TEMPLATES)
    return ChoiceLoader([plain, PrefixLoader({"web": plain})])


@functools.cache
def versioned(path: str) -> str:
    """A static file's path with a digest of its content, so that caches may keep it for good."""
    file = STATIC / path
    if not file.is_file():
        return path
    return f"{path}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:10]}"


def template_names(folders: Sequence[Path] = (TEMPLATES,)) -> frozenset[str]:
    """Every template's name, for contract tests."""
    return frozenset(
        str(file.relative_to(folder)) for folder in folders for file in folder.rglob("*.html")
    )

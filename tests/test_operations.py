"""What the pages for a hospital's engineer tell to type is there to be typed."""

import re
from pathlib import Path

import click
import pytest

from runtime.cli import commands
from runtime.kit.settings import SettingsError, read_settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "docs/operations.md",
    "README.md",
    "README.zh-CN.md",
    "docs/proxy.md",
    "docs/integrators.md",
)
TYPED = re.compile(r"(?:^|`|bin/)huisheng ([a-z][^`\n#|&]*)", re.MULTILINE)
SETTING = re.compile(r"HUISHENG_[A-Z_]+[A-Z]")
OTHERS = {"HUISHENG_ALLOW_NO_BROWSER", "HUISHENG_TOKEN"}
"""Variables of the tests and of an example, which are no settings."""


def typed_in(page: str) -> list[str]:
    return TYPED.findall((ROOT / page).read_text("utf-8"))


def fault_of(line: str) -> str | None:
    """The word of a command that is not there; None where all are."""
    found: click.Command = commands
    context = click.Context(commands)
    for word in line.split():
        if word.startswith("--") and word not in ("--help", "--version"):
            options = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
            if word not in options:
                return f"{word} of {line}"
        elif isinstance(found, click.Group) and word.isascii() and word.islower():
            inner = found.get_command(context, word)
            if inner is None:
                return f"{word} of {line}"
            found = inner
    return None


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_is_there(page: str) -> None:
    """With each of its options. # S68 (part) S58 (part)"""
    lines = typed_in(page)
    assert [fault for line in lines if (fault := fault_of(line))] == []


def test_the_engineers_page_names_every_command_of_operations() -> None:
    """Whoever adds one says there when it is typed."""
    text = " ".join(typed_in("docs/operations.md"))
    for group in ("keys", "audit"):
        inner = commands.get_command(click.Context(commands), group)
        assert isinstance(inner, click.Group)
        for name in inner.commands:
            assert f"{group} {name}" in text, f"{group} {name}"
    for name in ("backup", "restore", "migrate", "doctor", "serve", "worker", "user create"):
        assert name in text, name


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_is_read(page: str) -> None:
    """A misspelt one would be refused by name."""
    named = set(SETTING.findall((ROOT / page).read_text("utf-8"))) - OTHERS
    with pytest.raises(SettingsError) as told:
        read_settings({name.removesuffix("_FILE"): "?" for name in named} | {"HUISHENG_NONE": "x"})
    unknown = [fault for fault in told.value.faults if "no setting" in fault or "unknown" in fault]
    assert all("HUISHENG_NONE" in fault for fault in unknown), unknown

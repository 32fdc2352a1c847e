"""Looks for secrets in every file that git tracks; what only looks like one is named in ALLOWED."""

import re
import subprocess  # nosec B404 - asks git which files there are
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a password in an address": re.compile(
        r"\b[a-z+]{3,}://[^\s/:@\"'{}<>$]+:([^\s/@\"'{}<>$]{6,})@"
    ),
    "a written-down secret": re.compile(
        r"(?i)\b\w*(?:password|passwd|secret|token|api_?key)(?:_?key)?\b[\"']?\s*[:=]\s*"
        r"[\"']([A-Za-z0-9+/=_@!$%^&*-]{12,})[\"']"
    ),
    "an access key": re.compile(r"\b(?:AKIA[0-9A-Z]{16}|LTAI[0-9A-Za-z]{16,}|gh[pousr]_\w{30,})\b"),
    "a token of ours": re.compile(r"\bhs[sa]_[A-Za-z0-9_-]{32,}\b"),
}
SKIPPED_ENDINGS = (".png", ".jpg", ".webp", ".woff2", ".pdf", ".xlsx", ".docx", ".zip", ".ico")
LOCKS = re.compile(r"^(?:requirements[\w-]*\.txt|package-lock\.json)$")
TEST_WORDS = re.compile(r"(?i)example|test|wrong|sample|nowhere|correct|placeholder|change-?me")
ALLOWED = frozenset({("tests/kit/test_settings.py", "hunter2")})
"""Pairs of a file and the text in it that is no secret though it has the shape of one."""


def tracked(root: Path) -> list[str]:
    """The files that git knows."""
    listed = subprocess.run(  # nosec B603 B607
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name]


def found_in(name: str, text: str) -> list[str]:
    """Each line with the shape of a secret, without the secret itself."""
    faults: list[str] = []
    for kind, shape in SHAPES.items():
        for hit in shape.finditer(text):
            value = hit[hit.lastindex or 0]
            is_test = name.startswith("tests/") and TEST_WORDS.search(value)
            if (name, value) not in ALLOWED and not is_test:
                line = text.count("\n", 0, hit.start()) + 1
                faults.append(f"{name}:{line}: looks like {kind}.")
    return faults


def main() -> None:
    """Print what looks like a secret; exit 1 when anything does."""
    faults: list[str] = []
    names = [one for one in tracked(ROOT) if not one.endswith(SKIPPED_ENDINGS)]
    for name in names:
        path = ROOT / name
        if path.is_file() and not LOCKS.match(name):
            faults += found_in(name, path.read_text(encoding="utf-8", errors="replace"))
    print("\n".join(faults) or f"Secrets: none in {len(names)} files.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()

"""Writes the bill of materials (CycloneDX) of what is installed; it must equal the lock files."""

import json
import os
import re
import subprocess  # nosec B404 - runs cyclonedx-py of this environment
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BILL = ROOT / "var" / "bill-of-materials.cdx.json"
OURS = "huisheng"
INSTALLERS = frozenset({"pip", "setuptools", "wheel"})  # came with the environment itself
LOCKED = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")

Packages = frozenset[tuple[str, str]]


def plain_name(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> Packages:
    """What this environment holds."""
    found = {(plain_name(one.metadata["Name"]), one.version) for one in distributions()}
    return frozenset(pair for pair in found if pair[0] != OURS and pair[0] not in INSTALLERS)


def locked(root: Path) -> Packages:
    """What the lock files of this environment pin."""
    names = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
    text = "\n".join((root / name).read_text(encoding="utf-8") for name in names)
    return frozenset((plain_name(name), version) for name, version in LOCKED.findall(text))


def billed(path: Path) -> Packages:
    """What the bill names."""
    parts = json.loads(path.read_bytes())["components"]
    found = {(plain_name(part["name"]), part["version"]) for part in parts}
    return frozenset(pair for pair in found if pair[0] != OURS and pair[0] not in INSTALLERS)


def write_bill(path: Path) -> None:
    """Have cyclonedx-py describe this environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(  # nosec B603
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", sys.executable),
            *("--output-format", "JSON", "--output-reproducible", "--output-file", str(path)),
        ],
        check=True,
        capture_output=True,
    )


def main() -> None:
    """Write the bill; exit 1 when it, the environment and the locks do not name the same."""
    write_bill(BILL)
    bill, here, pinned = billed(BILL), installed(), locked(ROOT)
    faults = [f"{name} {version}: installed, not in the bill" for name, version in here - bill]
    faults += [f"{name} {version}: in the bill, not installed" for name, version in bill - here]
    print("\n".join(sorted(faults)) or f"Bill of materials: {len(bill)} packages.")
    extra = [f"{name} {version}: installed, not locked" for name, version in sorted(here - pinned)]
    if extra:
        print("\n".join(extra))  # somebody's own tool on a developer's machine; never in CI
    sys.exit(bool(faults) or (bool(extra) and bool(os.environ.get("CI"))))


if __name__ == "__main__":
    main()

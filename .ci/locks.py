"""Checks that the lock files pin every package by hash and hold no addresses."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links")


def faults_of_requirements(path: Path) -> list[str]:
    """Each requirement without version or hash, and each address, in words."""
    text = path.read_text(encoding="utf-8")
    entries = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*\n", "", text)).splitlines()
    faults = [
        f"{path.name}: {entry.split()[0]} has no version or no hash"
        for entry in entries
        if entry.strip() and not re.search(r"==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)
    ]
    if ADDRESS.search(text):
        faults.append(f"{path.name}: holds an address")
    return faults


def faults_of_npm(path: Path) -> list[str]:
    """Each package without integrity value, and each download address, in words."""
    packages = json.loads(path.read_bytes())["packages"]
    faults: list[str] = []
    for name, entry in packages.items():
        if name and "integrity" not in entry:
            faults.append(f"{path.name}: {name} has no integrity value")
        if "resolved" in entry:
            faults.append(f"{path.name}: {name} holds an address")
    return faults


def main() -> None:
    """Print what is wrong; exit 1 when anything is."""
    locks = sorted(ROOT.glob("requirements*.txt"))
    faults = [fault for lock in locks for fault in faults_of_requirements(lock)]
    faults += faults_of_npm(ROOT / "package-lock.json")
    print("\n".join(faults) or f"Lock files: {len(locks) + 1}, every package pinned by hash.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()

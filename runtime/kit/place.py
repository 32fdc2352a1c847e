"""Where embedded servers keep their files, and the system user that runs them.

PostgreSQL refuses to run as root. Started by root, the servers run as a user of their own; where
that user cannot reach the data directory, as below /root, they live in /var/lib/huisheng and a
link in the data directory says so. Directories that are not ours are never opened to others.
"""

import os
import pwd
import secrets
import shutil
import subprocess  # nosec B404 - starts only binaries found by absolute path
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

SYSTEM_ROOT = Path("/var/lib/huisheng")
USER_NAME = "huisheng"
FALLBACK_USER_NAME = "nobody"


class PopenIdentity(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Identity:
    """The system user that runs the servers; `is_other` when it is not the one we are."""

    uid: int
    gid: int
    is_other: bool

    @property
    def popen(self) -> PopenIdentity:
        """What to hand to `subprocess.Popen` to run as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a file or directory over to this user."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this user may enter the directory or run the program at `path`."""
        if not self.is_other:
            return os.access(path, os.X_OK)
        command = ["/usr/bin/test", "-x", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.popen).returncode == 0  # nosec B603


def server_identity() -> Identity:
    """The user we are, or, where that is root, the system user `huisheng`, made when missing."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), is_other=False)
    if not _user_exists(USER_NAME):
        _create_user(USER_NAME)
    entry = pwd.getpwnam(USER_NAME if _user_exists(USER_NAME) else FALLBACK_USER_NAME)
    return Identity(entry.pw_uid, entry.pw_gid, is_other=True)


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _create_user(name: str) -> None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        return
    command = [
        program,
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
    ]
    command += ["--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, check=False, capture_output=True)  # nosec B603


def private_directory(path: Path, identity: Identity) -> Path:
    """A directory that only the servers' user (and root) may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    identity.own(path)
    return path


def open_data_dir(data_dir: Path) -> Path:
    """Make the data directory; where root made it, others may pass through but not list it."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)  # another program may start just now
        data_dir.chmod(mode)
    return data_dir.resolve()


def server_place(data_dir: Path, identity: Identity) -> Path:
    """The directory below which the servers keep their files, made when missing."""
    place = data_dir / "embedded"
    if place.is_symlink():
        return place.resolve(strict=True)
    if place.exists() or identity.reaches(data_dir):
        return private_directory(place, identity)
    SYSTEM_ROOT.mkdir(mode=0o711, exist_ok=True)
    elsewhere = private_directory(SYSTEM_ROOT / secrets.token_hex(8), identity)
    place.symlink_to(elsewhere)
    return elsewhere


def runnable(tree: Path, program: str, version: str, identity: Identity) -> Path:
    """The path of `program` in `tree`, or in a copy of the tree where the user cannot reach it."""
    if identity.reaches(tree / program):
        return tree / program
    copy = SYSTEM_ROOT / f"{tree.name}-{version}" / tree.name
    if not copy.exists():
        _copy_tree(tree, copy)
    return copy / program


def _copy_tree(tree: Path, copy: Path) -> None:
    """Copy the tree with the shared libraries that its wheel keeps beside it, all or nothing."""
    SYSTEM_ROOT.mkdir(mode=0o711, exist_ok=True)
    unfinished = SYSTEM_ROOT / f"unfinished-{secrets.token_hex(8)}"
    unfinished.mkdir(mode=0o755)
    for part in (tree, tree.with_name(f"{tree.name}.libs")):
        if part.exists():
            shutil.copytree(part, unfinished / part.name, symlinks=True)
    try:
        unfinished.rename(copy.parent)
    except OSError:  # another process was first
        shutil.rmtree(unfinished)

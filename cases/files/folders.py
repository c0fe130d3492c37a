"""Folders and files that are written whole or not at all, and never overwritten."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from cases.errors import InputError

__all__ = ["new_file", "new_folder", "remove_stale"]

_PREFIX = ".counterflow-"
_SUFFIX = ".part"
_mine: set[str] = set()


@contextlib.contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that becomes `path` when the block ends well.

    Everything in it is flushed to disk before it gets its name, so that a folder with the name is
    always complete. When the block raises, the temporary folder is removed; when the process is
    killed, the next start removes it. Raises InputError where `path` exists, unless as an empty
    folder, or cannot be written.
    """
    target = Path(os.path.abspath(path))
    if _taken(target):
        raise InputError.one(
            "", None, None, "exists", f"{path} exists already; nothing is ever overwritten"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(target.parent)
        part = _part_of(target)
        part.mkdir()
    except OSError as error:
        raise _cannot_write(path, error) from None
    _mine.add(part.name)
    try:
        yield part
        _flush(part)
        if _taken(target):
            raise FileExistsError(17, "it exists by now; another process has written it")
        if target.exists():
            target.rmdir()
        part.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _mine.discard(part.name)


@contextlib.contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary file beside `path` that becomes `path` when the block ends well.

    It is flushed to disk before it gets its name; `path` is never overwritten. When the block
    raises, the temporary file is removed; when the process is killed, the next start removes it.
    Raises InputError where `path` exists or cannot be written.
    """
    target = Path(os.path.abspath(path))
    if os.path.lexists(target):
        raise InputError.one(
            "", None, None, "exists", f"{path} exists already; nothing is ever overwritten"
        )
    part = _part_of(target)
    _mine.add(part.name)
    try:
        remove_stale(target.parent)
        yield part
        _sync(part)
        if os.name == "posix":
            os.link(part, target)  # unlike a rename, this never replaces a file
        else:
            part.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        part.unlink(missing_ok=True)
        _mine.discard(part.name)


def _part_of(target: Path) -> Path:
    owner = _owner(os.getpid())
    return target.parent / f"{_PREFIX}{owner}-{uuid.uuid4().hex[:12]}{_SUFFIX}"


def remove_stale(parent: str | Path) -> None:
    """Remove temporary folders and files in `parent` whose writer here is no longer alive."""
    for part in Path(parent).glob(f"{_PREFIX}*{_SUFFIX}"):
        owner = part.name[len(_PREFIX) : -len(_SUFFIX)].rpartition("-")[0]
        host, _, process = owner.rpartition("-")
        pid = process.partition("_")[0]
        if host != _host() or not pid.isdigit() or part.name in _mine:
            continue
        if int(pid) == os.getpid() or not _alive(int(pid)) or _owner(int(pid)) != owner:
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    part.unlink()


def _taken(target: Path) -> bool:
    """Tell whether something is there that must not be overwritten; an empty folder is nothing."""
    if target.is_symlink() or not target.is_dir():
        return os.path.lexists(target)
    return any(target.iterdir())


def _cannot_write(path: str | Path, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    return InputError.one("", None, None, "write", f"cannot write {path}: {reason}")


def _host() -> str:
    return "".join(c if c.isalnum() else "_" for c in socket.gethostname()) or "host"


def _owner(pid: int) -> str:
    """Host, process id and its start time, which tells a reused process id from its first user."""
    start = ""
    with contextlib.suppress(OSError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        start = stat.rpartition(")")[2].split()[19]
    return f"{_host()}-{pid}_{start}"


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _flush(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        for name in files:
            _sync(Path(root) / name)
        _sync(Path(root))


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

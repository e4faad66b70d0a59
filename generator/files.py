"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

from generator.errors import DiskFull, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` (UTF-8, line ends as they are), all or nothing; a link stays a link, and a file keeps
    who may read it. Raises StorageError."""
    path = path.resolve()
    name, raw = None, text.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            name = file.name
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(name, path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as exc:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        if exc.errno in _FULL:
            raise DiskFull(f"disk full: {path} could not be written; free some space and try again") from exc
        raise StorageError(f"{path}: cannot be written ({exc.strerror})") from exc


def sweep(folder: Path, names: str) -> None:
    """Remove what `write_whole` left in `folder` when it was killed; only files whose name would have matched the
    expression `names`, and only where nobody else is writing them."""
    unfinished = re.compile(rf"\.(?:{names})\.[a-z0-9_]{{8}}")
    for path in folder.glob(".*"):
        if unfinished.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current

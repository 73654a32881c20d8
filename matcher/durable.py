"""What outlasts a power cut: a file's content has to be on the disk before the file gets its name, then its folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def to_disk(place: Path | int) -> None:
    """Wait until a file or a folder, by its path or an open file's number, is on the disk. Raises OSError."""
    if isinstance(place, int):
        return _sync(place)
    try:
        handle = os.open(place, os.O_RDONLY)
    except PermissionError:
        if place.is_dir():  # Windows opens no folders, and a folder may be one to write in only
            return None
        raise
    try:
        return _sync(handle)
    finally:
        os.close(handle)


def all_to_disk(folder: Path) -> None:
    """The same for a folder and all folders in it; its files have to be there by themselves. Raises OSError."""
    for place, _, _ in os.walk(folder):
        to_disk(Path(place))


def _sync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some systems cannot do it with folders
            raise

"""Putting a run's files in place: all of them, or what was there before.

Everything is written into a temporary folder inside the output folder (so on the same disk) and only then moved:
each file replaces its older self in one step, each folder as a whole. If a move fails, those before it are undone.
Names of people stand in them: files and new folders are their owner's alone, whatever the umask.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matcher.errors import OutputError
from matcher.secrecy import make_folders, write_new

_STAGING_PREFIX = ".matcher-writing-"


def ensure_writable(out: Path) -> None:
    """Refuse an output folder that cannot be written, before hours are spent on a plan for it; leaves no trace."""
    created: list[Path] = []
    try:
        created = make_folders(out)
        tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=out).cleanup()
    except OSError as error:
        raise _explained(error, out) from error
    finally:
        _remove_empty(created)


def put_in_place(out: Path, contents: Mapping[str, bytes], folders: Mapping[str, Sequence[str]]) -> None:
    """Make `out` hold `contents` (path below it -> bytes).

    `folders` names the top folders that are replaced as a whole, each with the subfolders that it has even if
    empty. Whatever else is in `out` stays.
    """
    created: list[Path] = []
    staging: Path | None = None
    done = False
    try:
        created = make_folders(out)
        for leftover in out.glob(f"{_STAGING_PREFIX}*"):  # of a run that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=out))
        new, old = staging / "new", staging / "old"
        make_folders(old)
        for folder, subfolders in folders.items():
            for subfolder in subfolders:
                make_folders(new / folder / subfolder)
        for path, content in contents.items():
            write_new(new / path, content)
        _move(new, out, old, [path for path in contents if "/" not in path], list(folders))
        done = True
    except OSError as error:
        raise _explained(error, out) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        if not done:
            _remove_empty(created)


def _move(new: Path, out: Path, old: Path, files: Sequence[str], folders: Sequence[str]) -> None:
    """From `new` to `out`; if anything stops it, `out` is put back as it was."""
    undo: list[Callable[[], object]] = []
    try:
        for name in folders:
            if (out / name).exists() or (out / name).is_symlink():
                (out / name).replace(old / name)
                undo.append(lambda name=name: (old / name).replace(out / name))  # type: ignore[misc]
            (new / name).replace(out / name)
            undo.append(lambda name=name: (out / name).replace(new / name))  # type: ignore[misc]
        for name in files:
            if (out / name).is_file():
                shutil.copy2(out / name, old / name)
                undo.append(lambda name=name: (old / name).replace(out / name))  # type: ignore[misc]
            else:
                undo.append(lambda name=name: (out / name).unlink(missing_ok=True))  # type: ignore[misc]
            (new / name).replace(out / name)
    except BaseException:
        for step in reversed(undo):
            with contextlib.suppress(OSError):
                step()
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _explained(error: OSError, out: Path) -> OutputError:
    where = error.filename2 or error.filename or out
    head = f"The results could not be written to {out}"
    if isinstance(error, (FileExistsError, NotADirectoryError)) and not out.is_dir():
        return OutputError(f"{head}: there is a file where a folder is needed ({where}). Give --out another folder.")
    if isinstance(error, PermissionError):
        return OutputError(
            f"{head}: {where} may not be written. If one of the files is open in another program, close it; "
            "otherwise give --out a folder that is yours."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{head}: the disk is full. Make room, or give --out a folder on another disk.")
    if isinstance(error, IsADirectoryError):
        return OutputError(f"{head}: {where} is a folder, but a file has to go there. Move it away and run again.")
    return OutputError(f"{head}: {error.strerror or error} ({where}). Give --out another folder.")

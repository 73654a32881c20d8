"""Putting a run's files in place: all of them, or what was there before.

Everything is written into a temporary folder inside the output folder (so on the same disk). That folder then gets
the name which says that it is whole, and only after that is anything of it moved: each file replaces its older self in
one step, each folder as a whole. If a move fails, those before it are undone. If the process is killed in between, the
next one to write there makes the moves that are missing: what is still in `new` has not been moved.
Names of people stand in them: files and new folders are their owner's alone, whatever the umask.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matcher.durable import all_to_disk, to_disk
from matcher.errors import OutputError, Remedy
from matcher.secrecy import make_folders, write_new

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_STAGING_PREFIX = ".matcher-writing-"
_WHOLE = ".matcher-switching"
_OURS = ".ics"
"""What a file that we wrote into a subfolder of a folder ends with; it goes with the folder, anything else stays."""


def ensure_writable(out: Path) -> None:
    """Refuse an output folder that cannot be written, before hours are spent on a plan for it; leaves no trace.

    A switch that was broken off there is finished.
    """
    created: list[Path] = []
    try:
        created = make_folders(out)
        with _alone(out):
            _settle(out)
            tempfile.TemporaryDirectory(prefix=_STAGING_PREFIX, dir=out).cleanup()
    except OSError as error:
        raise _explained(error, out) from error
    finally:
        _remove_empty(created)


def put_in_place(
    out: Path, contents: Mapping[str, bytes], folders: Mapping[str, Sequence[str]], gone: Sequence[str] = ()
) -> None:
    """Make `out` hold `contents` (path below it -> bytes), and none of the files in `gone`.

    `folders` names the top folders that are replaced as a whole, each with the subfolders that it has even if
    empty. Whatever else is in `out` stays, and so does what is in these folders and is not one of our files.
    """
    created: list[Path] = []
    done = False
    try:
        created = make_folders(out)
        with _alone(out):
            _settle(out)
            _write_and_switch(out, contents, folders, gone)
        done = True
    except OSError as error:
        raise _explained(error, out) from error
    finally:
        if not done:
            _remove_empty(created)


class _HalfUndone(OSError):
    """A switch failed, and so did putting things back."""


def _write_and_switch(
    out: Path, contents: Mapping[str, bytes], folders: Mapping[str, Sequence[str]], gone: Sequence[str]
) -> None:
    whole = out / _WHOLE
    staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=out))
    try:
        new = staging / "new"
        make_folders(staging / "old")
        make_folders(staging / "gone")
        for name in gone:
            write_new(staging / "gone" / name, b"")
        for folder, subfolders in folders.items():
            for subfolder in subfolders:
                make_folders(new / folder / subfolder)
        for path, content in contents.items():
            write_new(new / path, content)
        for path in (*contents, *folders):
            _check_room(out, new, path)
        all_to_disk(staging)
        staging.rename(whole)
        to_disk(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    try:
        _switch(out)
    except _HalfUndone:
        raise  # the next one to write here goes on from what is in `whole`
    except BaseException:
        shutil.rmtree(whole, ignore_errors=True)
        raise
    shutil.rmtree(whole, ignore_errors=True)


def _settle(out: Path) -> None:
    """End what a process that was killed has left: what was whole is put in place, what was not goes away."""
    whole = out / _WHOLE
    if whole.is_dir():
        _switch(out)
        shutil.rmtree(whole)
    for leftover in out.glob(f"{_STAGING_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _switch(out: Path) -> None:
    """Moves what is in `new` to `out`, and what stays from `old`; if anything stops it, `out` is as it was.

    At every moment the new state of each name is either in `new` or in place, and files of others are in `old` or in
    place, so that this can be done again from wherever it was broken off.
    """
    new, old = out / _WHOLE / "new", out / _WHOLE / "old"
    undo: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        source.replace(target)
        undo.append((target, source))

    try:
        names = [each.name for each in _inside(new)]
        for name in [name for name in names if (new / name).is_dir()]:
            if os.path.lexists(out / name):
                move(out / name, old / name)
            move(new / name, out / name)
        for folder in [each for each in _inside(old) if each.is_dir() and not each.is_symlink()]:
            for kept in list(_of_others(folder, out / folder.name)):
                move(kept, out / folder.name / kept.relative_to(folder))
        for name in names:
            if (new / name).is_file():
                if (out / name).is_file():
                    shutil.copy2(out / name, old / name)
                    (new / name).replace(out / name)
                    undo += [(old / name, out / name), (out / name, new / name)]
                else:
                    move(new / name, out / name)
        for name in [each.name for each in _inside(out / _WHOLE / "gone")]:
            if (out / name).is_file():
                move(out / name, old / name)
        for name in names:
            if (out / name).is_dir():
                all_to_disk(out / name)
        to_disk(out)
    except BaseException:
        try:
            for source, target in reversed(undo):
                source.replace(target)
        except OSError as error:
            raise _HalfUndone(*error.args[:2], error.filename) from error
        raise


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _of_others(folder: Path, now: Path) -> Iterator[Path]:
    """What is in a folder of ours that `now` replaces, or one below it, and not ours; a folder of theirs as a whole."""
    for each in _inside(folder):
        if each.is_dir() and not each.is_symlink() and (now / each.name).is_dir():
            yield from (file for file in _inside(each) if not (file.suffix == _OURS and file.is_file()))
        else:
            yield each


def _check_room(out: Path, new: Path, path: str) -> None:
    """Refuse what stands where something of another kind has to go, before anything is moved."""
    here = out / path
    if (new / path).is_dir():
        for folder in (here, *(here / each.name for each in (new / path).iterdir() if each.is_dir())):
            if os.path.lexists(folder) and not folder.is_dir():
                raise OSError(errno.ENOTDIR, "there is a file where a folder is needed", str(folder))
    elif here.is_dir():
        raise OSError(errno.EISDIR, "there is a folder where a file has to go", str(here))


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One at a time writes to a folder: others wait, where the system can lock it. A kill ends the lock as well."""
    if fcntl is None:
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network disks have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _explained(error: OSError, out: Path) -> OutputError:
    where = error.filename2 or error.filename or out
    head = f"The results could not be written to {out}"
    if isinstance(error, (FileExistsError, NotADirectoryError)) and not out.is_dir():
        return OutputError(f"{head}: there is a file where a folder is needed ({where}).", Remedy.OTHER_FOLDER)
    if isinstance(error, NotADirectoryError):
        return OutputError(f"{head}: {where} is a file, but a folder has to go there. Move it away and run again.")
    if isinstance(error, PermissionError):
        return OutputError(
            f"{head}: {where} may not be written. If one of the files is open in another program, close it; "
            "otherwise give a folder that is yours."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{head}: the disk is full. Make room, or give a folder on another disk.")
    if isinstance(error, IsADirectoryError):
        return OutputError(f"{head}: {where} is a folder, but a file has to go there. Move it away and run again.")
    return OutputError(f"{head}: {error.strerror or error} ({where}).", Remedy.OTHER_FOLDER)

"""Small files of keys: private from the moment they exist, whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError

OPEN_TO_READERS = 0o077
"""No secret may be seen or changed by the group or by others."""
OPEN_TO_WRITERS = 0o022
"""What only lists public keys may be seen, not changed."""

_PRIVATE_DIRECTORY = 0o700


def default_directory() -> Path:
    """Where keys are kept: ``$XDG_CONFIG_HOME/kenning-lego/keys``, or the same in ``~/.config``.

    Raises:
        ConfigurationError: there is no home directory, as for some services.
    """
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():  # the XDG specification has relative ones ignored
        try:
            base = Path.home() / ".config"
        except RuntimeError as error:
            raise ConfigurationError(
                "this user has no home directory to keep keys in",
                "set XDG_CONFIG_HOME or name the directory of the keys",
            ) from error
    return base / "kenning-lego" / "keys"


def read_private(path: Path, limit: int, forbidden: int) -> str:
    """The text of a file that nobody else may open.

    Args:
        path: the file.
        limit: most bytes that such a file may have.
        forbidden: permission bits that neither the file nor its directory may have, such as
            `OPEN_TO_READERS`.

    Raises:
        ConfigurationError: others could open it, or it cannot be read or is not text.
        FileNotFoundError: it is not there.
    """
    try:
        _refuse_open(path.parent, path.parent.stat(), forbidden)
        # Not blocking: somebody may have put a pipe there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            # The open file is looked at: what stands under its name may change meanwhile.
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise ConfigurationError(f"{path} is not a file", "remove it")
            _refuse_open(path, state, forbidden)
            content = os.read(descriptor, limit + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error
    return _text(path, content, limit)


def read_public(path: Path, limit: int) -> str:
    """The text of a file that anybody may open; errors as in :func:`read_private`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigurationError(f"{path} is not a file", "name a file of a public key")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error
    return _text(path, content, limit)


def write_private(path: Path, text: str, *, replace: bool) -> None:
    """Write a file with mode 0600 in one step, in a directory that :func:`locked` holds.

    Args:
        path: the file.
        text: its content.
        replace: whether one that is there may be replaced.

    Raises:
        ConfigurationError: it is there and must not be replaced, or it cannot be written.
    """
    # One name is enough, as others are locked out; what a crash left under it goes.
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(path)
            else:
                path.hardlink_to(temporary)  # unlike a rename, fails where something is
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists already", "choose another name") from error
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make the directory with mode 0700 if need be, and keep other commands out of it meanwhile.

    What was written in it lasts once the lock is given back.

    Raises:
        ConfigurationError: others could open it, or it cannot be made.
    """
    try:
        directory.mkdir(_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        _refuse_open(directory, directory.stat(), OPEN_TO_READERS)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        _on_directory(directory, lambda: fcntl.flock(descriptor, fcntl.LOCK_EX))
        yield
        _on_directory(directory, lambda: os.fsync(descriptor))
    finally:
        os.close(descriptor)


def _on_directory(directory: Path, deed: Callable[[], None]) -> None:
    try:
        deed()
    except OSError as error:
        raise _unwritable(directory, error) from error


def _refuse_open(path: Path, state: os.stat_result, forbidden: int) -> None:
    if state.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            f"{path} belongs to another user, who could change it",
            f"chown {os.geteuid()} '{path}'",
        )
    mode = stat.S_IMODE(state.st_mode)
    if mode & forbidden:
        deed = "see" if forbidden & 0o044 else "change"
        raise ConfigurationError(
            f"other users could {deed} {path} (mode {mode:04o})",
            f"chmod {mode & ~forbidden:03o} '{path}'",
        )


def _text(path: Path, content: bytes, limit: int) -> str:
    if len(content) > limit:
        raise ConfigurationError(f"{path} is longer than {limit} bytes", "name the right file")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not text", "name the right file") from error


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot read {path}: {error.strerror or error}", "check the path and its permissions"
    )


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "free some space" if full else "check its permissions"
    return ConfigurationError(f"cannot write {path}: {error.strerror or error}", remedy)

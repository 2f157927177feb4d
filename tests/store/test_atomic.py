"""Files are there whole or as they were before, whatever the disk does."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kenning_lego.core.errors import StoreError
from kenning_lego.store.atomic import write_bytes, write_error, write_json


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_file_is_written_with_its_directories(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_json_is_readable_and_ends_with_a_newline(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"name": "é", "values": [1, 2.5, None]})
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {"name": "é", "values": [1, 2.5, None]}
    assert "é" in text
    assert text.endswith("}\n")


def test_json_that_no_other_reader_would_take_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"good": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"bad": float("nan")})
    assert json.loads(path.read_text()) == {"good": 1}


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.ENOSPC, "no space left to write .*free some space"),
        (errno.EDQUOT, "no space left to write .*free some space"),
        (errno.EACCES, "cannot write .*Permission denied .check its permissions"),
        (errno.EIO, "cannot write .*Input/output error"),
    ],
)
def test_disk_that_refuses_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int, told: str
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with monkeypatch.context() as patched:
        patched.setattr(step, failing(code))
        with pytest.raises(StoreError, match=told) as refused:
            write_bytes(path, b"new")
    assert str(path) in str(refused.value)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_interrupt_while_writing_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "file"
    write_bytes(path, b"old")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_file_in_the_place_of_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot write"):
        write_bytes(tmp_path / "file" / "inner", b"x")


def test_directory_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        write_bytes(tmp_path / "file", b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_error_without_a_number_is_still_told() -> None:
    assert "odd" in str(write_error(Path("x"), OSError("odd")))


FULL_DISK = """
import sys
from pathlib import Path
from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore, digest_of
from kenning_lego.store.atomic import write_bytes

root = Path(sys.argv[1])

def refused(act):
    try:
        act()
    except StoreError as error:
        assert "no space left to write" in str(error), error
    else:
        raise SystemExit("the disk was not full")

write_bytes(root / "file", b"old")
refused(lambda: write_bytes(root / "file", bytes(1 << 20)))
assert (root / "file").read_bytes() == b"old"
assert [each.name for each in root.iterdir()] == ["file"]

content = bytes(range(256)) * 2048  # 512 KiB on a disk of 256 KiB
store = ArtifactStore(root / "store")
upload = store.receive(digest_of(content), len(content))
def send():
    while upload.offset < len(content):
        upload.append(content[upload.offset : upload.offset + 50_000])
refused(send)
try:
    upload.suspend()
except StoreError as error:
    assert "no space left" in str(error), error
assert not store.holds(digest_of(content))

# What arrived is a beginning of the artifact: a larger disk would let the upload go on.
arrived = (root / "store" / "incoming" / digest_of(content)).read_bytes()
assert 0 < len(arrived) < len(content)
assert content.startswith(arrived)
print("told and nothing lost")
"""


def test_disk_that_is_really_full_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare to mount a small disk")
    # The mount lives in a namespace of its own and ends with it.
    mount = 'mount -t tmpfs -o size=256k tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, FULL_DISK],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode in (1, 77) and "Traceback" not in done.stderr and not done.stdout:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    assert (done.returncode, done.stdout) == (0, "told and nothing lost\n"), done.stderr

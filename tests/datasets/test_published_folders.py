"""Imagenette and Oxford-IIIT Pets, made small."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets import archives, imagenette, pets
from kenning_lego.datasets.download import Download
from kenning_lego.datasets.imagenette import CLASSES, Imagenette
from kenning_lego.datasets.pets import OxfordPets
from tests.datasets.image_files import write_classes, write_image


def write_imagenette(root: Path) -> Path:
    directory = root / "imagenette2-160"
    write_classes(directory / "train", CLASSES, 4, suffix=".JPEG")
    write_classes(directory / "val", CLASSES, 2, seed=50_000, suffix=".JPEG")
    return directory


def write_pets(root: Path) -> None:
    """Two training images and one test image of each breed."""
    lines: dict[str, list[str]] = {"trainval": [], "test": []}
    for breed in range(1, 38):
        for number in range(1, 4):
            name = f"some_breed{breed}_{number}"
            write_image(root / "images" / f"{name}.jpg", seed=100 * breed + number)
            part = "test" if number == 3 else "trainval"
            lines[part].append(f"{name} {breed} 1 {number}")
    (root / "annotations").mkdir()
    for part, own in lines.items():
        (root / "annotations" / f"{part}.txt").write_text("#Image CLASS-ID\n" + "\n".join(own))


def archived(directory: Path, archive: Path) -> str:
    with tarfile.open(archive, "w:gz") as members:
        members.add(directory, directory.name)
    return hashlib.md5(archive.read_bytes()).hexdigest()


def imagenette_of(root: Path, download: bool = False) -> Imagenette:
    return Imagenette(root=root, edition="160", download=download, size=(4, 4), resize=None)


def pets_of(root: Path, download: bool = False) -> OxfordPets:
    return OxfordPets(root=root, download=download, size=(4, 4), resize=None)


def test_imagenettes_validation_images_are_the_test_part(tmp_path: Path) -> None:
    write_imagenette(tmp_path)
    dataset = imagenette_of(tmp_path).load()
    assert dataset.classes[:2] == ("tench", "English springer")
    assert dataset.calibration is not None
    sizes = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in sizes] == [34, 4, 2, 20]
    every = [image.tobytes() for part in sizes for image in part.images]
    assert len(set(every)) == 60


def test_an_archive_is_fetched_unpacked_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, root = tmp_path / "site", tmp_path / "data"
    md5 = archived(write_imagenette(site), site / "imagenette2-160.tgz")
    monkeypatch.setattr(imagenette, "_SITE", site.as_uri())
    monkeypatch.setattr(imagenette, "_EDITIONS", {"160": ("imagenette2-160", md5)})
    with pytest.raises(ConfigurationError, match="download: true"):
        imagenette_of(root).load()
    assert len(imagenette_of(root, download=True).load().test) == 20
    (root / "imagenette2-160.tgz").unlink()
    assert len(imagenette_of(root).load().test) == 20
    assert [each.name for each in root.iterdir()] == ["imagenette2-160"]


def test_an_incomplete_imagenette_is_refused(tmp_path: Path) -> None:
    directory = write_imagenette(tmp_path)
    (directory / "val" / "n03888257").rename(directory / "elsewhere")
    with pytest.raises(ConfigurationError, match="has no directory for n03888257"):
        imagenette_of(tmp_path).load()
    (directory / "val").rename(directory / "gone")
    with pytest.raises(ConfigurationError, match="lacks val/"):
        imagenette_of(tmp_path).load()


def test_pets_are_read_from_their_lists(tmp_path: Path) -> None:
    write_pets(tmp_path)
    dataset = pets_of(tmp_path).load()
    assert len(dataset.classes) == 37
    assert dataset.classes[:2] == ("some breed1", "some breed2")
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in parts] == [63, 7, 4, 37]
    assert sorted(dataset.test.labels.tolist()) == list(range(37))
    assert len({image.tobytes() for part in parts for image in part.images}) == 111


def test_pets_are_unpacked_from_both_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, root = tmp_path / "site", tmp_path / "data"
    write_pets(site)
    published = {}
    for name in ("images", "annotations"):
        archive = site / f"{name}.tar.gz"
        published[name] = Download(archive.as_uri(), archived(site / name, archive))
    monkeypatch.setattr(pets, "_ARCHIVES", published)
    assert len(pets_of(root, download=True).load().test) == 37


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: next((root / "images").glob("*_3.jpg")).unlink(), "lacks some_breed"),
        (lambda root: _rewrite(root, "some_breed7_3 7 1 3", "some_breed7_3"), "line 8 is not"),
        (lambda root: _rewrite(root, "some_breed7_3 7", "some_breed7_3 38"), "line 8 is not"),
        (lambda root: _rewrite(root, "some_breed7_3 7", "some_breed7_3 8"), "breed 8 is some"),
        (lambda root: (root / "annotations" / "test.txt").unlink(), "cannot read .*test.txt"),
        (lambda root: (root / "images").rename(root / "pictures"), "is not in"),
    ],
)
def test_incomplete_pets_are_refused(
    damage: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    write_pets(tmp_path)
    damage(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        pets_of(tmp_path).load()


def test_lists_without_all_breeds_are_refused(tmp_path: Path) -> None:
    write_pets(tmp_path)
    for name in ("trainval", "test"):
        path = tmp_path / "annotations" / f"{name}.txt"
        kept = [line for line in path.read_text().splitlines() if "breed37_" not in line]
        path.write_text("\n".join(kept))
    with pytest.raises(ConfigurationError, match="has 36 classes, expected were 37"):
        pets_of(tmp_path).load()


def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = tmp_path / "a.tgz"
    source = tmp_path / "source"
    write_classes(source, ["a"], 20)
    archived(source, archive)
    archive.write_bytes(archive.read_bytes()[:-400])
    with pytest.raises(ConfigurationError, match="cannot unpack"):
        archives.unpack(archive, "source", tmp_path / "unpacked")
    with pytest.raises(ConfigurationError, match=r"cannot unpack|no files in other/"):
        archives.unpack(archive, "other", tmp_path / "unpacked")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tgz", "source"]


def test_nothing_is_unpacked_outside_the_directory(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as members:
        for name in ("set/in.txt", "set/../../out.txt", "/set/root.txt", "other/out.txt"):
            header = tarfile.TarInfo(name)
            header.size = 2
            members.addfile(header, io.BytesIO(b"hi"))
        link = tarfile.TarInfo("set/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(link)
    archives.unpack(archive, "set", tmp_path / "set")
    assert [each.name for each in (tmp_path / "set").rglob("*")] == ["in.txt"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tar", "set"]


def _rewrite(root: Path, before: str, after: str) -> None:
    path = root / "annotations" / "test.txt"
    content = path.read_text()
    assert before in content
    path.write_text(content.replace(before, after))

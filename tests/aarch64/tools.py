"""What apt gives: debootstrap and qemu, unpacked and not installed, and the Debian to take."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError

_PACKAGES = ("debootstrap", "qemu-user-static")
_NEEDED = ("apt-get", "chroot", "dpkg-deb", "gpgv", "mount", "wget")


@dataclass(frozen=True, slots=True)
class Tools:
    """Unpacked packages.

    Args:
        directory: where they are unpacked.
    """

    directory: Path

    @property
    def qemu(self) -> Path:
        """The emulator; Debian's reads from this name that it is given the program's own name."""
        return self.directory / "usr/libexec/qemu-binfmt/aarch64-binfmt-P"

    @property
    def debootstrap(self) -> Path:
        """The script; it wants DEBOOTSTRAP_DIR in its environment."""
        return self.directory / "usr/sbin/debootstrap"

    @property
    def debootstrap_files(self) -> Path:
        """What DEBOOTSTRAP_DIR is to be."""
        return self.directory / "usr/share/debootstrap"

    def qemu_version(self) -> str:
        """As the emulator names it."""
        qemu = self.directory / "usr/bin/qemu-aarch64-static"
        return _output([str(qemu), "--version"]).splitlines()[0]


@dataclass(frozen=True, slots=True)
class Debian:
    """Where Debian comes from.

    Args:
        release: such as ``bookworm``.
        mirror: its address.
    """

    release: str
    mirror: str


def check_machine() -> None:
    """Refuse what cannot work, before anything is done.

    Raises:
        ConfigurationError: this is not root, or not a Debian with the usual programs.
    """
    if os.geteuid() != 0:
        raise ConfigurationError(
            "an aarch64 root needs root to be made and entered", "sudo make test-aarch64"
        )
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        raise ConfigurationError(
            f"this machine has no {', '.join(missing)}", "run it on Debian, and apt install them"
        )


def fetch_tools(directory: Path) -> Tools:
    """Download and unpack the packages, unless that was done.

    Raises:
        ConfigurationError: apt does not find them.
    """
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent) as name:
            packages, unpacked = Path(name) / "packages", Path(name) / "unpacked"
            packages.mkdir()
            # As root: its user for downloads may not write here.
            command = ["apt-get", "-o", "APT::Sandbox::User=root", "download", *_PACKAGES]
            done = subprocess.run(command, cwd=packages, check=False)
            if done.returncode != 0:
                raise ConfigurationError(f"apt finds no {' or '.join(_PACKAGES)}", "apt-get update")
            for package in packages.iterdir():
                subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
            unpacked.rename(directory)
    return Tools(directory)


def find_debian() -> Debian:
    """This machine's own release, from the mirror in its apt configuration.

    Raises:
        ConfigurationError: this is no Debian, or apt knows no mirror of its release.
    """
    release = _os_release()
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not codename:
        raise ConfigurationError("this machine is no Debian release", "run it on one")
    form = "$(RELEASE) $(REPO_URI)"
    listed = _output(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    for line in listed.splitlines():
        name, _, address = line.partition(" ")
        if name == codename:
            return Debian(codename, address)
    raise ConfigurationError(f"apt knows no mirror of {codename}", "name one in /etc/apt")


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {key: value.strip('"') for key, _, value in pairs}


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

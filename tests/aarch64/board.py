"""The emulated board: an arm64 Debian below a directory, and how programs run in it.

All of this is done in namespaces (:mod:`tests.aarch64.namespaces`): nothing stays mounted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.deployment.bundle import Bundle, make_bundle
from kenning_lego.deployment.platforms import Libc, Platform, parse_version
from kenning_lego.store.fingerprint import fingerprint
from tests.aarch64.tools import Debian, Tools

CPU = "cortex-a76"
"""That of a Raspberry Pi 5; a close relative of that of a Jetson Orin."""
_CPUINFO = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc \
dcpop asimddp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1

"""
# An ELF file for aarch64, executable or shared: Linux's admin-guide/binfmt-misc.rst and elf(5).
_MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"

_PACKAGES = ("python3",)
_ENVIRONMENT = "opt/kenning-lego"
_WHEELS = "opt/wheels"


@dataclass(frozen=True, slots=True)
class Board:
    """An emulated board.

    Args:
        root: directory with its files.
        tools: debootstrap and the emulator.
    """

    root: Path
    tools: Tools

    @property
    def python(self) -> str:
        """The interpreter that has the target's wheels, as the board names it."""
        return f"/{_ENVIRONMENT}/bin/python"

    def enter(self, *shared: Path) -> None:
        """Mount what programs on the board need, and have the kernel emulate them.

        To be called once in namespaces of its own.

        Args:
            shared: directories that the board sees under the same names.

        Raises:
            ConfigurationError: the kernel cannot.
        """
        _mount("--make-rprivate", "/")
        _mount("-t", "proc", "proc", "/proc")
        self._register_emulator()
        for name in ("dev", "proc", "sys"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
            _mount("--rbind", f"/{name}", str(self.root / name))
        # Engines read from it what the processor can do; the kernel would show this machine's.
        cpuinfo = self.root.with_suffix(".cpuinfo")
        cpuinfo.write_text("".join(_CPUINFO.format(number=n) for n in range(os.cpu_count() or 1)))
        _mount("--bind", str(cpuinfo), str(self.root / "proc/cpuinfo"))
        for directory in shared:
            inside = self.root / directory.relative_to("/")
            inside.mkdir(parents=True, exist_ok=True)
            _mount("--bind", str(directory), str(inside))

    def command(self, *command: str) -> list[str]:
        """Command line that runs a command line on the board, from here."""
        return ["env", f"QEMU_CPU={CPU}", "chroot", str(self.root), *command]

    def output(self, *command: str) -> str:
        """What a command on the board writes.

        Raises:
            ConfigurationError: it fails.
        """
        done = subprocess.run(
            self.command(*command), stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            raise ConfigurationError(
                f"{command[0]} fails on the emulated board with exit code {done.returncode}",
                "for 'Exec format error': Linux 6.7 or newer, or qemu-user-static installed",
            )
        return done.stdout.strip()

    def _register_emulator(self) -> None:
        # A user namespace has a binfmt_misc of its own since Linux 6.7. Before that the machine's
        # is used, in which the package qemu-user-static registers the emulator.
        mounted = "/proc/sys/fs/binfmt_misc"
        with contextlib.suppress(subprocess.CalledProcessError):
            _mount("-t", "binfmt_misc", "binfmt_misc", mounted)
            rule = b":".join(
                (
                    b"",
                    b"qemu-aarch64",
                    b"M",
                    b"",
                    _MAGIC,
                    _MASK,
                    os.fsencode(self.tools.qemu),
                    b"FP",
                )
            )
            Path(mounted, "register").write_bytes(rule)


def make_board(directory: Path, debian: Debian, tools: Tools) -> Board:
    """Build the root unless it is there; it is kept by what went into it.

    Raises:
        ConfigurationError: debootstrap fails.
    """
    key = fingerprint({"release": debian.release, "packages": " ".join(_PACKAGES)})[:12]
    finished = directory / f"root-{key}"
    if finished.is_dir():
        return Board(finished, tools)
    unfinished = Board(directory / f"root-{key}.unfinished", tools)
    shutil.rmtree(unfinished.root, ignore_errors=True)
    unfinished.root.mkdir(parents=True)
    packages = directory / "packages"
    packages.mkdir(exist_ok=True)
    unfinished.enter()
    command = [str(tools.debootstrap), "--arch=arm64", "--variant=minbase"]
    command += [f"--include={','.join(_PACKAGES)}", f"--cache-dir={packages}"]
    command += [debian.release, str(unfinished.root), debian.mirror]
    environment = {
        **os.environ,
        "DEBOOTSTRAP_DIR": str(tools.debootstrap_files),
        "container": "lxc",  # root in a user namespace may not make devices
        "QEMU_CPU": CPU,
    }
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        raise ConfigurationError(
            "debootstrap failed", f"see above and {unfinished.root}/debootstrap/debootstrap.log"
        )
    unfinished.root.rename(finished)
    return Board(finished, tools)


def install_target(board: Board, directory: Path) -> Bundle:
    """Install the target's wheels and nothing else, from a bundle as a host makes it for a board.

    Returns:
        The bundle.
    """
    bundle = make_bundle(directory, _platform(board))
    stamp = board.root / _ENVIRONMENT / "installed"
    wheels = "".join(f"{wheel.sha256} {wheel.name}\n" for wheel in bundle.wheels)
    if stamp.is_file() and stamp.read_text() == wheels:
        return bundle
    shutil.rmtree(board.root / _ENVIRONMENT, ignore_errors=True)
    shutil.rmtree(board.root / _WHEELS, ignore_errors=True)
    shutil.copytree(directory, board.root / _WHEELS)
    board.output("/usr/bin/python3", "-m", "venv", "--without-pip", f"/{_ENVIRONMENT}")
    install = ["install", "--no-index", "--find-links", f"/{_WHEELS}", bundle.requirement]
    board.output(board.python, f"/{_WHEELS}/{bundle.pip.name}/pip", "--isolated", *install)
    stamp.write_text(wheels)
    return bundle


def _platform(board: Board) -> Platform:
    say = "import platform as p; print(p.python_version(), p.machine(), *p.libc_ver())"
    python, machine, kind, libc = board.output("/usr/bin/python3", "-c", say).split()
    if kind != "glibc":
        raise ConfigurationError(f"the emulated board has {kind}", "report this")
    return Platform(
        machine, parse_version(python, "Python"), Libc("glibc", parse_version(libc, kind))
    )


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)

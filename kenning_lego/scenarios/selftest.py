"""Test the server on this machine, benchmark it shortly, and pack the evidence into one file.

Needs no host and nothing beyond a target's installation. The file holds the record, what
`kenning-lego doctor` says, and the server's log, with names and home directories taken out: it can
be sent in. Exit code 1 if a check fails.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.operations.doctor.facts import Facts
from kenning_lego.operations.doctor.gather import gather
from kenning_lego.operations.doctor.privacy import Clean, cleaned, cleaner_for_here
from kenning_lego.operations.doctor.report import last_word, make_report
from kenning_lego.operations.selftest.bundle import (
    DOCTOR,
    LOG,
    RECORD,
    default_name,
    read_bundle,
    write_bundle,
)
from kenning_lego.operations.selftest.record import CheckRecord, SelftestRecord
from kenning_lego.operations.selftest.run import Means, choose_means, run_selftest
from kenning_lego.operations.selftest.summary import benchmark_lines, check_line, last_line
from kenning_lego.scenarios.inference_server import default_store


class SelftestConfig(Component):
    """What to do."""

    output: Path | None = None
    """File or directory for the bundle; by default a file named by the time, in this directory."""
    show: Path | None = None
    """Show what is in a bundle instead."""


def main(arguments: Sequence[str]) -> int:
    """Test, tell, pack."""
    config = parse_configuration(
        SelftestConfig,
        arguments,
        program="kenning-lego selftest",
        description=__doc__ or "",
        example="kenning-lego selftest --output evidence.zip",
    )
    if config.show is not None:
        record = read_bundle(config.show)
        current().tell(f"kenning-lego {record.version}, {record.created}")
        current().tell(*map(check_line, record.checks))
        return _conclude(record)
    now = time.time()
    path = _path(config.output, now)
    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix="kenning-lego-") as name:
        directory = Path(name)
        report = make_report(gather(default_store()), cleaner_for_here())
        current().tell(f"doctor: {last_word(report.findings)}")
        record = run_selftest(directory, _means(report.facts), _tell)
        clean = _cleaner(directory)
        files = {
            RECORD: _json(cleaned(record.model_dump(mode="json"), clean)),
            DOCTOR: _json(report.model_dump(mode="json")),
            LOG: clean(_logs(directory)),
        }
        write_bundle(path, files, now)
    code = _conclude(record)
    current().tell(f"it holds {', '.join(files)}, {path.stat().st_size / 1e3:.0f} kB")
    current().wrote("bundle", path)
    return code


def _conclude(record: SelftestRecord) -> int:
    output = current()
    if record.benchmark:
        output.tell(*benchmark_lines(record.benchmark))
    output.tell(last_line(record))
    output.figures(
        passed=record.passed,
        checks=[check.model_dump(mode="json") for check in record.checks],
    )
    return 0 if record.passed else 1


def _path(output: Path | None, now: float) -> Path:
    path = output or Path()
    if path.is_dir():
        path = path / default_name(now)
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigurationError(f"cannot write into {path.parent}", "name another --output")
    return path


def _means(facts: Facts) -> Means:
    usable = {e.name: e.version for e in facts.engines if e.supported and not e.problem}
    return choose_means(usable, curve=bool(facts.software.curve))


def _cleaner(directory: Path) -> Clean:
    clean = cleaner_for_here()
    return lambda text: clean(text.replace(str(directory), "SELFTEST"))


def _logs(directory: Path) -> str:
    return "\n".join(
        f"# {path.stem}\n{path.read_text(errors='replace')}"
        for path in sorted(directory.glob("*.log"))
    )


def _json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _tell(check: CheckRecord) -> None:
    current().tell(check_line(check))


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a lost terminal and a polite kill end us as Ctrl-C does, server and files included."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(run(main))

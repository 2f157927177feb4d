"""Say what is installed and found on this machine, and what to improve before measuring on it.

With --target, ask a server what it says of itself instead. Exit code 3 if there is a problem.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.core.terminals import colours, text_width
from kenning_lego.operations.doctor.findings import verdict
from kenning_lego.operations.doctor.gather import gather
from kenning_lego.operations.doctor.privacy import cleaner_for_here
from kenning_lego.operations.doctor.remote import findings_of
from kenning_lego.operations.doctor.report import (
    as_text,
    findings_as_text,
    last_word,
    make_report,
)
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import find_public, load_key
from kenning_lego.protocols.results import pack_observation
from kenning_lego.scenarios.inference_server import default_store

BAD_VERDICT = 3


class DoctorConfig(Component):
    """What to look at."""

    host_name: bool = False
    """Tell this machine's name too."""
    store: Path | None = None
    """Directory for uploaded artifacts; by default that of `kenning-lego serve`."""
    target: str | None = None
    """tcp://HOST:PORT of a server to ask instead of looking at this machine."""
    key: str | None = None
    """Name of this host's key, if the server wants one; see `kenning-lego keys`."""
    server_key: str | None = None
    """The server's public key: NAME of NAME.pub in the directory of keys, or a file."""
    keys: Path | None = None
    """Directory of keys; by default the one of `kenning-lego keys`."""


def main(arguments: Sequence[str]) -> int:
    """Look, and print what was found."""
    config = parse_configuration(
        DoctorConfig,
        arguments,
        program="kenning-lego doctor",
        description=__doc__ or "",
        example="kenning-lego doctor --target tcp://pi5.local:5570",
    )
    if config.target is not None:
        return _ask(config, config.target)
    facts = gather(config.store or default_store(), host_name=config.host_name)
    report = make_report(facts, cleaner_for_here())
    output = current()
    output.answer(report.model_dump(mode="json"))
    output.give(as_text(report, width=text_width(), colour=colours(sys.stdout)))
    return BAD_VERDICT if report.verdict == "problem" else 0


def _ask(config: DoctorConfig, address: str) -> int:
    keys = config.keys or default_directory()
    own = load_key(config.key, keys) if config.key else None
    server = find_public(config.server_key, keys) if config.server_key else None
    with connect(address, key=own, server_key=server) as target:
        welcome, observation = target.greet(), target.observe()
    findings = findings_of(welcome, observation)
    output = current()
    output.answer(
        {
            "schema_version": 1,
            "kind": "target",
            **welcome.to_result(),
            "observation": pack_observation(observation),
            "findings": [each.model_dump(mode="json") for each in findings],
        }
    )
    lines = findings_as_text(findings, width=text_width(), colour=colours(sys.stdout))
    output.give("\n".join([*lines, "", last_word(findings)]))
    return BAD_VERDICT if verdict(findings) == "problem" else 0


if __name__ == "__main__":
    sys.exit(run(main))

"""The whole line on this machine with real data: a server process, the tester, the report."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import TargetError
from kenning_lego.core.flags import parse_configuration

STOP_TIMEOUT_S = 5.0


class DemoConfig(Component):
    """Where the demo works."""

    workspace: Path = Path("workspaces/demo")
    """Directory for everything that is made; a second demo finds it there again."""
    threads: int = Field(default=1, ge=1)
    """Threads that the engine may use on the target."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo."""
    config = parse_configuration(
        DemoConfig,
        arguments,
        program="kenning-lego demo",
        description=__doc__ or "",
        example="kenning-lego demo",
    )
    from kenning_lego.scenarios.progress import make_console
    from kenning_lego.scenarios.tester.configuration import (
        InferenceTestConfig,
        TargetConfig,
    )
    from kenning_lego.scenarios.tester.run import run_test

    begin = time.monotonic()
    console = make_console()
    store = config.workspace.with_name(f"{config.workspace.name}-target")
    with _server(store) as address:
        console.print(f"started the inference server at {address}")
        test = InferenceTestConfig(
            workspace=config.workspace,
            target=TargetConfig(address=address, threads=config.threads),
        )
        run_test(test, console, command=("kenning-lego", "demo", *arguments))
    console.print(f"the demo took {time.monotonic() - begin:.0f} s")
    return 0


@contextmanager
def _server(store: Path) -> Iterator[str]:
    """A server in a process of its own, on a free port of the loopback interface."""
    log = store.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "kenning_lego.scenarios.inference_server"]
    command += ["--address", "tcp://127.0.0.1:0", "--store", str(store)]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            announced = process.stdout.readline() if process.stdout else ""
            if "listening on" not in announced:
                raise TargetError("the inference server did not start", f"see {log}")
            yield announced.split()[-1]
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    sys.exit(run(main))

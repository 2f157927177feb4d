"""What a target costs before it does anything: start-up, memory, disk."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bench_record import Metric
from benchmarks.processes import MB, load_engine, rss_mb, running_server
from benchmarks.samples import median

_ROOT = Path(__file__).parent.parent
KENNING_READY_S = 3.1
KENNING_IDLE_MB = 690.0
KENNING_INSTALL_MB = 2.7 * 1024**3 / MB
_SETTLE_S = 0.3


def measure(directory: Path, *, starts: int, curve: bool) -> list[Metric]:
    """Start servers one after the other; load the engine in the last one's worker."""
    ready, idle = [], []
    worker = 0.0
    for _ in range(starts):
        with running_server(directory, curve=curve) as server:
            ready.append(server.ready_s)
            time.sleep(_SETTLE_S)
            idle.append(rss_mb(server.pid))
            with server.connect() as client:
                load_engine(client)
                worker = rss_mb(server.worker_pid())
    return [
        Metric("server_ready_s", median(ready), "s", at_most=0.25, peer=KENNING_READY_S),
        Metric("server_idle_rss_MB", median(idle), "MB", at_most=32, peer=KENNING_IDLE_MB),
        Metric("worker_rss_MB", worker, "MB", at_most=70),
    ]


def measure_install(directory: Path) -> list[Metric]:
    """Install the base and ONNX Runtime into a fresh environment, pip not counted."""
    environment = directory / "environment"
    # Left out so that only what a target needs is counted; the host's pip installs into it.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq"]
    command += ["--disable-pip-version-check", f"{_ROOT}[onnxruntime]"]
    subprocess.run(command, check=True)
    packages = next((environment / "lib").glob("python*")) / "site-packages"
    size = sum(
        path.stat().st_blocks * 512
        for path in packages.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    return [Metric("target_install_MB", size / MB, "MB", at_most=250, peer=KENNING_INSTALL_MB)]

"""How busy this machine is, from what the kernel counts; without psutil's memory."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.protocols.kenning_report import Utilisation


class UtilisationMeter:
    """Reads the kernel's counters now and then; each reading covers the time since the last.

    Args:
        root: where ``proc`` is; another directory in tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._stat = root / "proc/stat"
        self._memory = root / "proc/meminfo"
        self._before = self._counters()

    def read(self, now: float) -> Utilisation | None:
        """The utilisation at `now` seconds; None where the kernel does not tell it.

        See https://docs.kernel.org/filesystems/proc.html for the files.
        """
        before, self._before = self._before, self._counters()
        try:
            memory = _memory_percent(self._memory.read_text())
        except (OSError, ValueError, KeyError, ZeroDivisionError):
            return None
        cpus = tuple(
            round(100 * _share(idle - idle_then, total - total_then), 1)
            for (idle, total), (idle_then, total_then) in zip(self._before, before, strict=False)
        )
        return Utilisation(now, cpus, memory) if cpus else None

    def _counters(self) -> list[tuple[int, int]]:
        """Idle and all jiffies of each processor."""
        try:
            lines = self._stat.read_text().splitlines()
        except OSError:
            return []
        counters = []
        for line in lines:
            if line.startswith("cpu") and line[3:4].isdigit():
                # user nice system idle iowait irq softirq steal; guests are in user already
                jiffies = [int(field) for field in line.split()[1:9]]
                counters.append((sum(jiffies[3:5]), sum(jiffies)))
        return counters


def _share(idle: int, total: int) -> float:
    return min(1.0, max(0.0, 1 - idle / total)) if total > 0 else 0.0


def _memory_percent(text: str) -> float:
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in text.splitlines())
        if name in ("MemTotal", "MemAvailable")
    }
    return round(100 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"]), 1)

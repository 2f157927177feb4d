"""Look on at what a target does: lease, plan, pipelines with their latencies, and sensors.

Nothing there is changed, and no lease is taken. On a terminal the view is refreshed in place and q
ends it; in a pipe a few lines are printed at every look.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import Terminated, run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import Output, current
from kenning_lego.core.terminals import is_interactive
from kenning_lego.protocols.addresses import DEFAULT_ADDRESS
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import find_public, load_key
from kenning_lego.scenarios.watcher.looking import Looker
from kenning_lego.scenarios.watcher.seen import Sight
from kenning_lego.scenarios.watcher.words import lines, to_json

_ON_SCREEN_S = 1.0
_IN_LINES_S = 5.0
_SENSORS_S = 1.5
"""After the first look the target begins to read its sensors, if nobody has the lease."""


class WatchTargetConfig(Component):
    """Which target to look at, and how often."""

    address: str = DEFAULT_ADDRESS
    """tcp://HOST:PORT of the server."""
    key: str | None = None
    """Name of this host's key, if the server wants one; see `kenning-lego keys`."""
    server_key: str | None = None
    """The server's public key: NAME of NAME.pub in the directory of keys, or a file."""
    keys: Path | None = None
    """Directory of keys; by default the one of `kenning-lego keys`."""
    interval: float | None = Field(default=None, ge=0.1, le=3600)
    """Seconds between looks; by default 1 on a terminal, else 5."""
    seconds: float | None = Field(default=None, gt=0)
    """For how long; until it is ended if not given."""
    once: bool = False
    """Look once, print it and end."""


def main(arguments: Sequence[str]) -> int:
    """Look on until it is ended."""
    config = parse_configuration(
        WatchTargetConfig,
        arguments,
        program="kenning-lego watch",
        description=__doc__ or "",
        positional="address",
        example="kenning-lego watch tcp://pi5.local:5570",
    )
    keys = config.keys or default_directory()
    reach = partial(
        connect,
        config.address,
        key=load_key(config.key, keys) if config.key else None,
        server_key=find_public(config.server_key, keys) if config.server_key else None,
    )
    with Looker(config.address, reach) as looker:
        looker.open()
        try:
            _show(config, looker)
        except Terminated:
            raise
        except KeyboardInterrupt:
            return 0  # Ctrl-C is how one ends it
    return 0


def _show(config: WatchTargetConfig, looker: Looker) -> None:
    output = current()
    if config.once:
        looker.look()
        time.sleep(_SENSORS_S)
        _tell(output, looker.look())
    elif output.mode.json or not output.for_people or not is_interactive(sys.stdout):
        _print_again_and_again(config, looker.look, partial(_tell, output))
    else:
        from kenning_lego.scenarios.progress import make_console
        from kenning_lego.scenarios.watcher.screen import show_until_ended

        show_until_ended(
            make_console(), looker.look, config.interval or _ON_SCREEN_S, config.seconds
        )


def _print_again_and_again(
    config: WatchTargetConfig, look: Callable[[], Sight], tell: Callable[[Sight], None]
) -> None:
    interval = config.interval or _IN_LINES_S
    end = float("inf") if config.seconds is None else time.monotonic() + config.seconds
    while True:
        tell(look())
        left = min(interval, end - time.monotonic())
        if left <= 0:
            return
        time.sleep(left)


def _tell(output: Output, sight: Sight) -> None:
    if output.mode.json:
        output.item(to_json(sight))
    else:
        output.tell(*lines(sight))


if __name__ == "__main__":
    sys.exit(run(main))

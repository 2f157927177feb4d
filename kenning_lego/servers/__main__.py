"""The server's process, into which ``kenning-lego serve`` turns once its flags are checked.

A process of its own because checking flags takes pydantic, whose 16 MB a server on a small board
would keep for as long as it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego import __version__
from kenning_lego.core.entry import run
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.servers.logs import set_up_logging
from kenning_lego.servers.options import ServerOptions
from kenning_lego.servers.server import TargetServer


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = ServerOptions.from_json(arguments[0])
    set_up_logging(options.log_level, as_json=options.log_json)
    server = TargetServer(options)
    server.serve(lambda: _announce(server, options))
    print("stopped")
    return 0


def _announce(server: TargetServer, options: ServerOptions) -> None:
    found = installed_engines(options.offers.runtimes)
    engines = ", ".join(f"{name} {version}" for name, version in found.items())
    limits = options.limits
    print(f"kenning-lego {__version__} target listening on {server.address}")
    print(f"engines: {engines or 'none (pip install kenning-lego[onnxruntime])'}")
    print(f"key: {server.fingerprint or 'none; only this machine can reach it'}")
    if server.kenning_address:
        print(f"Kenning's hosts: {server.kenning_address}")
    print(f"store: {options.store}, at most {options.store_bytes / 1e6:.0f} MB")
    print(
        f"worker: at most {limits.memory_bytes / 1e6:.0f} MB, {limits.open_files} open files, "
        f"{limits.request_seconds:g} s a request"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(main))

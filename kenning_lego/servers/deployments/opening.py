"""From a server's options to its desk of deployments."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.servers.deployments.deployed import Tools
from kenning_lego.servers.deployments.desk import DeploymentDesk, DeskOptions, OnRunning
from kenning_lego.servers.deployments.process import ProcessOptions
from kenning_lego.servers.options import ServerOptions
from kenning_lego.servers.readiness import Readiness
from kenning_lego.store.artifacts import ArtifactStore

WORKER_COMMAND = (sys.executable, "-m", "kenning_lego.servers.deployments.worker")


def open_desk(
    options: ServerOptions,
    store: ArtifactStore,
    readiness: Readiness,
    on_running: OnRunning,
    worker_command: Sequence[str] = WORKER_COMMAND,
) -> DeploymentDesk:
    """The desk, before any deployment is restored.

    Args:
        options: of the server.
        store: of its artifacts.
        readiness: of its loop.
        on_running: told the names of the deployments that run, whenever that changes.
        worker_command: what to start for each deployment.

    Raises:
        AddressError: the budget socket cannot be made.
    """
    command = [*worker_command, *(["--log-json"] if options.log_json else [])]
    for name, path in options.videos.items():
        command += ["--video", f"{name}={path}"]
    command += ["--offers", options.offers.to_json()]
    process = ProcessOptions(options.store, options.limits, command)
    desk_options = DeskOptions(
        Tools(process, readiness), options.adaptation, options.budgets, options.budget_socket
    )
    return DeploymentDesk(store, desk_options, on_running)

"""List the networks, datasets, compilers, engines and other components of this installation.

What is not installed is listed with the extra that brings it. `kenning-lego info NAME` says more.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.flags import parse_configuration


class ListConfig(Component):
    """What to list."""

    kinds: tuple[str, ...] = ()
    """network, dataset, metric, variants, executor, compiler, runtime or frames; all if none is named."""  # noqa: E501
    json_: bool = False
    """Print JSON."""


def main(arguments: Sequence[str]) -> int:
    """Print what there is.

    Raises:
        UnknownNameError: there is no such kind.
    """
    config = parse_configuration(
        ListConfig,
        arguments,
        program="kenning-lego list",
        description=__doc__ or "",
        positional="kinds",
    )
    from kenning_lego.scenarios.describing.components import KINDS
    from kenning_lego.scenarios.describing.text import listing

    kinds = [each if each in KINDS else each.removesuffix("s") for each in config.kinds]
    for asked, kind in zip(config.kinds, kinds, strict=True):
        if kind not in KINDS:
            raise UnknownNameError("kind of component", asked, KINDS)
    found = {kind: list(KINDS[kind]()) for kind in kinds or KINDS}
    if config.json_:
        content = [each.to_json() for components in found.values() for each in components]
        print(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        print(listing(found, shutil.get_terminal_size().columns))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))

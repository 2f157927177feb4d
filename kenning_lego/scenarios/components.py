"""List the networks, datasets, compilers, engines and other components of this installation.

What is not installed is listed with the extra that brings it. `kenning-lego info NAME` says more.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.core.terminals import text_width


class ListConfig(Component):
    """What to list."""

    kinds: tuple[str, ...] = ()
    """network, dataset, metric, variants, executor, compiler, runtime or frames; all if none is named."""  # noqa: E501


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
        example="kenning-lego list networks",
    )
    from kenning_lego.scenarios.describing.components import KINDS
    from kenning_lego.scenarios.describing.text import listing

    kinds = [each if each in KINDS else each.removesuffix("s") for each in config.kinds]
    for asked, kind in zip(config.kinds, kinds, strict=True):
        if kind not in KINDS:
            raise UnknownNameError("kind of component", asked, KINDS)
    found = {kind: list(KINDS[kind]()) for kind in kinds or KINDS}
    listed = [each for components in found.values() for each in components]
    output = current()
    output.answer([each.to_json() for each in listed])
    names = "\n".join(each.name for each in listed)
    output.give(names if output.mode.quiet else listing(found, text_width()))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))

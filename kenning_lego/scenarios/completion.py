"""Print a script that completes verbs, flags and their values in bash, zsh or fish.

bash: kenning-lego completion bash > ~/.local/share/bash-completion/completions/kenning-lego

zsh: kenning-lego completion zsh > DIRECTORY/_kenning-lego, a directory of $fpath

fish: kenning-lego completion fish > ~/.config/fish/completions/kenning-lego.fish

The script holds what this installation has: print it again after installing something.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from kenning_lego import __version__
from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current


class CompletionConfig(Component):
    """For which shell."""

    shell: Literal["bash", "zsh", "fish"]
    """The shell."""


def main(arguments: Sequence[str]) -> int:
    """Print the script."""
    config = parse_configuration(
        CompletionConfig,
        arguments,
        program="kenning-lego completion",
        description=__doc__ or "",
        positional="shell",
        example="source <(kenning-lego completion bash)",
    )
    from kenning_lego.scenarios.completing import bash, commands, fish, zsh

    make = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}[config.shell]
    text = make(list(commands.commands()), commands.purposes(), commands.actions(), __version__)
    current().answer({"shell": config.shell, "script": text})
    current().give(text.rstrip("\n"))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))

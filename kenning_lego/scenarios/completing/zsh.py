"""The completion script for zsh, to be kept as ``_kenning-lego`` in a directory of ``fpath``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kenning_lego.scenarios.completing.commands import Command, Option

_HEAD = """\
#compdef kenning-lego
# Completion of kenning-lego {version} for zsh.
_kenning_lego() {{
  local -a verbs actions
  if (( CURRENT == 2 )); then
    verbs=(
"""

_PLAIN = str.maketrans("[]:\\", "();/")
"""Instead of what has a meaning in a specification."""

_ACTIONS = """\
    )
    _describe verb verbs
    return
  fi
  local key="$words[2]"
  case "$key" in
"""

_FLAGS = """\
  esac
  shift words
  (( CURRENT-- ))
  case "$key" in
"""

_TAIL = """\
  esac
}
if [ "$funcstack[1]" = "_kenning-lego" ]; then
  _kenning_lego "$@"
else
  compdef _kenning_lego kenning-lego
fi
"""


def script(
    commands: Sequence[Command],
    purposes: Mapping[str, str],
    actions: Mapping[str, Sequence[str]],
    version: str,
) -> str:
    """The script; see :func:`.bash.script`."""
    parts = [_HEAD.format(version=version)]
    parts += [f"      {_quoted(f'{verb}:{about}')}\n" for verb, about in purposes.items()]
    parts.append(_ACTIONS)
    for verb, names in actions.items():
        parts.append(
            f"    {verb})\n"
            f"      if (( CURRENT == 3 )); then\n"
            f"        actions=({' '.join(names)})\n"
            f"        compadd -a actions\n"
            f"        return\n      fi\n"
            f'      key="$key $words[3]"\n'
            f"      shift words\n      (( CURRENT-- )) ;;\n"
        )
    parts.append(_FLAGS)
    for command in commands:
        rows = " \\\n        ".join(_specifications(command))
        parts.append(f'    "{command.key}")\n      _arguments -S \\\n        {rows} ;;\n')
    return "".join([*parts, _TAIL])


def _specifications(command: Command) -> Iterator[str]:
    for option in command.options:
        yield _quoted(_specification(option))
    if command.values and command.files:
        choices = " ".join(command.values)
        yield _quoted(f"*:argument:{{_alternative 'names:name:({choices})' 'files:file:_files'}}")
    elif command.values:
        yield _quoted(f"*:argument:({' '.join(command.values)})")
    elif command.files:
        yield _quoted("*:file:_files")


def _specification(option: Option) -> str:
    about = option.about.translate(_PLAIN)
    if option.bare:
        return f"{option.name}[{about}]"
    action = f"({' '.join(option.values)})" if option.values else "_files" if option.files else " "
    if option.many:  # up to the next flag
        return f"*{option.name}=[{about}]:*--*:value:{action}"
    return f"{option.name}=[{about}]:value:{action}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"

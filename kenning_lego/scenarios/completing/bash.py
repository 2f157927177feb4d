"""The completion script for bash, 3.2 or later, which needs no bash-completion."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kenning_lego.scenarios.completing.commands import Command, Option

_HEAD = """\
# Completion of kenning-lego {version} for bash.
_kenning_lego() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" verb="${{COMP_WORDS[1]}}" key flag="" at words="" files=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W {verbs} -- "$cur"))
    return
  fi
  key="$verb"
  case "$verb" in
"""

_FLAG = """\
  esac
  at=$((COMP_CWORD - 1))
  [ "$cur" = "=" ] && cur=""  # bash takes --flag=value apart
  while [ "$at" -gt 1 ]; do
    case "${COMP_WORDS[at]}" in
      --*) flag="${COMP_WORDS[at]}"; break ;;
    esac
    at=$((at - 1))
  done
  if [ -n "$flag" ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" != "$flag" ] \\
    && [ "${COMP_WORDS[COMP_CWORD - 1]}" != "=" ]; then
    case "$key $flag" in
"""

_MANY = """\
      *) flag="" ;;
    esac
  fi
  case "$cur" in
    -*) flag="" ;;
  esac
  case "$key $flag" in
"""

_VALUES = """\
    *" ")
      case "$key" in
"""

_FLAGS = """\
      esac
      case "$cur" in
        -*)
          files=""
          case "$key" in
"""

_TAIL = """\
          esac ;;
      esac ;;
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
  if [ -n "$files" ]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}
complete -F _kenning_lego kenning-lego
"""


def script(
    commands: Sequence[Command],
    purposes: Mapping[str, str],
    actions: Mapping[str, Sequence[str]],
    version: str,
) -> str:
    """The script.

    Args:
        commands: all verbs and sub-verbs.
        purposes: of the verbs.
        actions: the sub-verbs of each verb that has some.
        version: of kenning-lego.
    """
    verbs = shlex.quote(" ".join([*purposes, "--help", "--version"]))
    parts = [_HEAD.format(version=version, verbs=verbs)]
    for verb, names in actions.items():
        choices = shlex.quote(" ".join(names))
        parts.append(
            f"    {verb})\n"
            f'      if [ "$COMP_CWORD" -eq 2 ]; then\n'
            f'        COMPREPLY=($(compgen -W {choices} -- "$cur"))\n'
            f"        return\n"
            f'      fi\n      key="$verb ${{COMP_WORDS[2]}}" ;;\n'
        )
    options = [(each, option) for each in commands for option in each.options]
    parts.append(_FLAG)
    parts += _cases("      ", ((f"{c.key} {o.name}", ":") for c, o in options if o.many))
    parts.append(_MANY)
    parts += _cases("    ", ((f"{c.key} {o.name}", _value(o)) for c, o in options if not o.bare))
    parts.append(_VALUES)
    parts += _cases("        ", ((each.key, _bare(each)) for each in commands))
    parts.append(_FLAGS)
    parts += _cases(
        "            ",
        ((each.key, _assign(option.name for option in each.options)) for each in commands),
    )
    return "".join([*parts, _TAIL])


def _value(option: Option) -> str:
    if option.values:
        return _assign(option.values)
    return "files=1" if option.files else ":"


def _bare(command: Command) -> str:
    files = "; files=1" if command.files else ""
    return f"{_assign(command.values)}{files}"


def _assign(words: Iterable[str]) -> str:
    return f"words={shlex.quote(' '.join(words))}"


def _cases(indent: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Branches of a case, one for all patterns with the same action."""
    patterns: dict[str, list[str]] = {}
    for pattern, action in rows:
        patterns.setdefault(action, []).append(f'"{pattern}"')
    for action, each in patterns.items():
        yield f"{indent}{'|'.join(each)}) {action} ;;\n"

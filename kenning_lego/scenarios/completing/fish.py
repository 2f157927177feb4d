"""The completion script for fish, to be kept as ``completions/kenning-lego.fish``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kenning_lego.scenarios.completing.commands import Command, Option

_HEAD = """\
# Completion of kenning-lego {version} for fish.
function __kenning_lego
  set -l words (commandline -opc)
  set -l cur (commandline -ct)
  if test (count $words) -eq 1
    printf '%s\\t%s\\n' {verbs}
    return
  end
  set -l key $words[2]
  switch "$key"
"""

_FLAG = """\
  end
  set -l flag ''
  for word in $words[-1..2]
    if string match -q -- '--*' $word
      set flag $word
      break
    end
  end
  if string match -qr -- '^--[^=]+=' $cur
    set flag (string replace -r -- '=.*' '' $cur)
    set words $words $flag
  else if string match -q -- '-*' $cur
    set flag ''
  end
  if test -n "$flag" -a "$words[-1]" != "$flag"
    switch "$key $flag"
"""

_MANY = """\
      case '*'
        set flag ''
    end
  end
  switch "$key $flag"
"""

_BARE = """\
    case '* '
      switch "$key"
"""

_FLAGS = """\
      end
      if string match -q -- '-*' $cur
        switch "$key"
"""

_TAIL = """\
        end
      end
  end
end
complete -c kenning-lego -f -a '(__kenning_lego)'
"""

_PREFIX = "(string match -r -- '^--[^=]+=' $cur; or echo '')"


def script(
    commands: Sequence[Command],
    purposes: Mapping[str, str],
    actions: Mapping[str, Sequence[str]],
    version: str,
) -> str:
    """The script; see :func:`.bash.script`."""
    parts = [_HEAD.format(version=version, verbs=_pairs(purposes.items()))]
    for verb, names in actions.items():
        parts.append(
            f"    case {verb}\n"
            f"      if test (count $words) -eq 2\n"
            f"        printf '%s\\n' {' '.join(names)}\n"
            f"        return\n      end\n"
            f'      set key "$key $words[3]"\n'
        )
    options = [(each, option) for each in commands for option in each.options]
    parts.append(_FLAG)
    many = [f"{command.key} {option.name}" for command, option in options if option.many]
    parts.append(f"      case {' '.join(map(_quoted, many))}\n        true\n")
    parts.append(_MANY)
    for action, keys in _by_action(options).items():
        parts.append(f"    case {' '.join(map(_quoted, keys))}\n      {action}\n")
    parts.append(_BARE)
    for command in commands:
        lines = [f"printf '%s\\n' {' '.join(command.values)}"] if command.values else []
        lines += ["__fish_complete_path $cur"] if command.files else []
        body = "".join(f"          {line}\n" for line in lines or ["true"])
        parts.append(f"        case {_quoted(command.key)}\n{body}")
    parts.append(_FLAGS)
    for command in commands:
        flags = _pairs((each.name, each.about) for each in command.options)
        parts.append(
            f"          case {_quoted(command.key)}\n            printf '%s\\t%s\\n' {flags}\n"
        )
    return "".join([*parts, _TAIL])


def _by_action(options: Iterable[tuple[Command, Option]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for command, option in options:
        if not option.bare:
            found.setdefault(_value(option), []).append(f"{command.key} {option.name}")
    return found


def _value(option: Option) -> str:
    if option.values:
        return f"printf '%s\\n' {_PREFIX}{{{','.join(option.values)}}}"
    return "__fish_complete_path $cur" if option.files else "true"


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{_quoted(name)} {_quoted(about)}" for name, about in rows)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

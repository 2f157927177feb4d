"""The shell scripts of the steps on a board: POSIX sh, each may be run again at any time.

Their variables are set by :func:`kenning_lego.deployment.ssh.with_variables`, quoted.
"""

from __future__ import annotations

LOCKED = """\
set -eu
umask 077
mkdir -p "$base"
# Whatever a broken connection left at work holds the lock until it is done.
exec 9>"$base/lock"
if command -v flock >/dev/null 2>&1; then
  flock -w 60 9 || { echo 'another deployment is at work on this board' >&2; exit 75; }
fi
"""
"""Begins every script that changes something; needs `base`."""

_PRIVILEGED = """\
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
: "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
export XDG_RUNTIME_DIR
ctl() { case $service in user) systemctl --user "$@" ;; *) as_root systemctl "$@" ;; esac; }
"""

PREPARE_WHEELS = (
    LOCKED
    + """\
mkdir -p "$wheels"
cd "$wheels"
rm -f ./*.part
printf %s "$sums" | while read -r sum name; do
  if [ -f "$name" ] && printf '%s  %s\\n' "$sum" "$name" | sha256sum -c - >/dev/null 2>&1
  then echo "$name"; else rm -f "$name"; fi
done
"""
)
"""Prints the names of wheels that are there already and whole."""

INSTALL = (
    LOCKED
    + """\
cd "$wheels"
printf %s "$sums" | sha256sum -c - >/dev/null 2>&1 ||
  { echo 'a wheel arrived damaged' >&2; exit 1; }
rm -rf "$environment" "$base/tmp"
mkdir -p "$base/tmp"
# A board's /tmp may be a small part of its memory.
TMPDIR=$base/tmp
export TMPDIR
install() {
  # Not its own pip: that may be missing (Debian's python3-venv) or too old for today's wheels.
  "$python" -m venv --without-pip $system "$environment" &&
  "$environment/bin/python" "$wheels/$pip/pip" install --quiet --no-input --no-cache-dir \\
    --disable-pip-version-check $index --find-links "$wheels" "$wheels/$own$extra" &&
  "$environment/bin/kenning-lego" --version &&
  sync
}
if install; then
  printf '%s\\n' "$identity" >"$environment/complete"
  rm -rf "$base/tmp"
else
  code=$?
  rm -rf "$environment" "$base/tmp"
  exit "$code"
fi
"""
)

MAKE_KEY = (
    LOCKED
    + """\
[ -f "$keys/$key.pub" ] || "$environment/bin/kenning-lego" keys make "$key" --directory "$keys" >&2
cat "$keys/$key.pub"
"""
)
"""Prints the file of the public key."""

AUTHORISE = (
    LOCKED
    + """\
"$environment/bin/kenning-lego" keys authorise "$line" --directory "$keys"
"""
)

TRY = """\
umask 077
exec 3<&0
store=$(mktemp -d "$base/trial.XXXXXX") || exit 1
"$environment/bin/kenning-lego" serve --address tcp://127.0.0.1:0 --key "$key" --keys "$keys" \\
  --store "$store" </dev/null &
server=$!
# Its input ends with the connection, and the server with it.
{ cat <&3; kill "$server"; } >/dev/null 2>&1 &
wait "$server"
code=$?
rm -rf "$store"
exit "$code"
"""
"""A server on a free port of the loopback interface, until standard input ends."""

DOCTOR = """\
program=$environment/bin/kenning-lego
"$program" --help | grep -q '^  doctor ' || exit 0
"$program" doctor --json
"""

SWITCH = (
    LOCKED
    + """\
ln -sfn "venvs/$identity" "$base/current.new"
"$environment/bin/python" -c 'import os, sys; os.replace(*sys.argv[1:])' \\
  "$base/current.new" "$base/current"
"""
)

WRITE_UNIT = (
    LOCKED
    + _PRIVILEGED
    + """\
if [ "$service" = user ]; then
  mkdir -p "$(dirname "$path")"
  printf %s "$unit" >"$path.new"
  chmod 644 "$path.new"
  mv -f "$path.new" "$path"
else
  printf %s "$unit" | as_root tee "$path.new" >/dev/null
  as_root chmod 644 "$path.new"
  as_root mv -f "$path.new" "$path"
fi
ctl daemon-reload
"""
)

START = (
    LOCKED
    + _PRIVILEGED
    + """\
ctl enable "$name" 2>&1
ctl restart "$name"
if [ "$service" = user ]; then
  user=$(id -un)
  loginctl enable-linger "$user" 2>/dev/null ||
    as_root loginctl enable-linger "$user" 2>/dev/null ||
    echo no-linger
fi
"""
)
"""Prints ``no-linger`` if the user's services end with the last login."""

STOP = (
    LOCKED
    + _PRIVILEGED
    + """\
ctl disable --now "$name" 2>/dev/null || ctl stop "$name" || true
"""
)

REMOVE_SERVICE = (
    LOCKED
    + _PRIVILEGED
    + """\
ctl disable --now "$name"
if [ "$service" = user ]; then rm -f "$path"; else as_root rm -f "$path"; fi
ctl daemon-reload
"""
)

LOG = (
    _PRIVILEGED
    + """\
case $service in
  user) journalctl --user -u "$name" -n 5 -o cat --no-pager 2>/dev/null ;;
  *) as_root journalctl -u "$name" -n 5 -o cat --no-pager 2>/dev/null ;;
esac
"""
)

_RUNNING = """\
# Ids of the processes that run from an environment.
running() {
  for process in /proc/[0-9]*; do
    case $(tr '\\000' ' ' 2>/dev/null <"$process/cmdline") in
      "$1"/*) echo "${process#/proc/}" ;;
    esac
  done
}
"""

PRUNE = (
    LOCKED
    + _RUNNING
    + """\
for environment in "$base"/venvs/*; do
  name=$(basename "$environment")
  [ "$name" != "$identity" ] || continue
  if [ -n "$(running "$environment")" ]; then echo "$name"; else rm -rf "$environment"; fi
done
rm -rf "$base/wheels" "$base"/trial.*
"""
)
"""Prints the versions that stay because a server runs from them."""

FORGET_TRIAL = (
    LOCKED
    + """\
rm -f "$environment/complete"
"""
)
"""An environment that does not serve is made anew the next time."""

REMOVE = (
    LOCKED
    + _RUNNING
    + """\
for process in $(running "$base/venvs"); do kill "$process" 2>/dev/null || true; done
rm -rf "$base/venvs" "$base/wheels" "$base/tmp" "$base"/trial.* "$base/current" "$base/current.new"
[ "$purge" = no ] || rm -rf "$base/keys" "$base/store"
rm -f "$base/lock"
rmdir "$base" 2>/dev/null || true
"""
)
"""Only what is ours is removed; the directory itself only if nothing else is in it."""

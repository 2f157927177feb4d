# Facts about this board, as lines of a name, a tab, and a value. POSIX sh; needs no Python.
# Variables: directory (may be empty), python (a path or a name; may be empty), port.
fact() { printf '%s\t%s\n' "$1" "$(printf %s "$2" | tr '\t\n\000' '   ')"; }
lines() { while IFS= read -r line || [ -n "$line" ]; do printf '%s\t%s\n' "$1" "$line"; done; }
has() { command -v "$1" >/dev/null 2>&1; }

fact user "$(id -un)"
fact uid "$(id -u)"
fact home "$HOME"
case $directory in
  '') base=$HOME/.local/share/kenning-lego ;;
  /*) base=$directory ;;
  *) base=$HOME/$directory ;;
esac
fact base "$base"
fact machine "$(uname -m)"
fact system "$(uname -s)"
fact release "$(. /etc/os-release 2>/dev/null; printf %s "$PRETTY_NAME")"
[ -r /proc/device-tree/model ] && fact model "$(tr -d '\000' </proc/device-tree/model)"
[ -r /proc/meminfo ] && fact memory_kb "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
for tool in sha256sum flock; do has "$tool" && fact tool "$tool"; done

# The nearest directory that is there says how much space is left, and whether we may write.
near=$base
while [ ! -d "$near" ]; do near=$(dirname "$near"); done
fact free_kb "$(df -Pk "$near" | awk 'NR == 2 { print $4 }')"
[ -w "$near" ] && fact writable "$near"

# Every Python that is there; those that are one and the same come once.
describe='
import os, platform, struct, sys
try:
    import venv
    have_venv = "yes"
except ImportError:
    have_venv = "no"
try:
    from importlib.metadata import version
    gpu = version("onnxruntime-gpu")
except Exception:
    gpu = ""
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, ValueError, OSError):
    libc = ""
print("|".join([sys.executable, "%d.%d" % sys.version_info[:2], platform.python_implementation(),
      str(struct.calcsize("P") * 8), libc, have_venv, gpu, os.path.realpath(sys.executable)]))
'
if [ -n "$python" ]; then candidates=$python; else
  candidates='python3.13 python3.12 python3.11 python3.10 python3 /usr/bin/python3'
fi
IFS_before=$IFS
[ -n "$python" ] && IFS=
for candidate in $candidates; do
  IFS=$IFS_before
  found=$(command -v "$candidate" 2>/dev/null) && fact python "$("$found" -c "$describe" 2>/dev/null)"
done
IFS=$IFS_before
has ldd && fact ldd "$(ldd --version 2>&1 | head -n 2)"

# systemd, for this user and for the machine.
: "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
export XDG_RUNTIME_DIR
if has systemctl; then
  systemctl --user show-environment >/dev/null 2>&1 && fact systemd user
  case $(systemctl is-system-running 2>/dev/null) in
    ''|offline|unknown) ;;
    *) fact systemd system ;;
  esac
  has loginctl && fact linger "$(loginctl show-user "$(id -un)" --property=Linger --value 2>/dev/null)"
fi
if [ "$(id -u)" = 0 ]; then fact root itself
elif has sudo && sudo -n true 2>/dev/null; then fact root sudo; fi

# What is installed here already.
[ -L "$base/current" ] && fact current "$(basename "$(readlink "$base/current")")"
for mark in "$base"/venvs/*/complete; do
  [ -f "$mark" ] && fact environment "$(basename "$(dirname "$mark")")"
done
[ -d "$base" ] && fact installed "$base"
[ -f "$base/keys/board.pub" ] && lines board_key <"$base/keys/board.pub"
[ -f "$base/keys/authorised" ] && lines authorised <"$base/keys/authorised"
user_unit=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/kenning-lego.service
system_unit=/etc/systemd/system/kenning-lego.service
fact user_unit_path "$user_unit"
if [ -f "$user_unit" ]; then
  lines user_unit <"$user_unit"
  fact user_service "$(systemctl --user is-active kenning-lego.service 2>/dev/null)"
fi
if [ -f "$system_unit" ]; then
  lines system_unit <"$system_unit"
  fact system_service "$(systemctl is-active kenning-lego.service 2>/dev/null)"
fi
fact end yes

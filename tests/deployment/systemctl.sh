#!/bin/sh
# Stands in for systemd's user instance: runs the unit's command, without restarting it.
state=$HOME/.systemd-stand-in
unit=$HOME/.config/systemd/user/kenning-lego.service
mkdir -p "$state"
[ "$1" = --user ] || { echo offline; exit 1; }
shift
echo "$*" >>"$state/calls"
stop() { [ ! -f "$state/pid" ] || kill "$(cat "$state/pid")" 2>/dev/null; rm -f "$state/pid"; }
case $1 in
  show-environment | daemon-reload | enable) ;;
  is-active)
    if [ -f "$state/pid" ] && kill -0 "$(cat "$state/pid")" 2>/dev/null
    then echo active; else echo inactive; exit 3; fi ;;
  restart)
    stop
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    setsid sh -c "exec $command" </dev/null >"$state/log" 2>&1 9>&- &
    echo $! >"$state/pid" ;;
  stop) stop ;;
  disable) stop ;;
  *) exit 1 ;;
esac

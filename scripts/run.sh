#!/usr/bin/env bash
# dev run [--seconds N]: build, gather this machine's own logs, show them live; Ctrl-C (or N) ends it
#
# Where there is a display the console opens; else, or where it can't, the terminal shows the lines.
# Everything it keeps is in build/run: run it again and it goes on where it was.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${RUN_SECONDS:-}
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      seconds=${2:-}
      shift
      ;;
    --seconds=*) seconds=${1#--seconds=} ;;
    *)
      echo "run: unknown argument '$1'; ./dev run [--seconds N]" >&2
      exit 2
      ;;
  esac
  shift
done
if [ -n "$seconds" ] && ! [[ $seconds =~ ^[0-9]+$ ]]; then
  echo "run: --seconds takes a whole number, got '$seconds'" >&2
  exit 2
fi

bash scripts/build.sh release >&2
bin=$PWD/build/release/bin
home=$PWD/build/run
mkdir -p "$home"

# `port_or_any 19550` prints 19550, or 0 (any) where somebody listens there.
port_or_any() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    echo "run: port $1 is taken; another one is used" >&2
    echo 0
  else
    echo "$1"
  fi
}

# The patterns of this machine's logs behind which there is a file that we may read.
readable_inputs() {
  local pattern file
  shopt -s nullglob globstar
  for pattern in '/var/log/**/*.log' /var/log/syslog /var/log/messages; do
    for file in $pattern; do
      if [ -f "$file" ] && [ -r "$file" ]; then
        printf '%s\n' "$pattern"
        break
      fi
    done
  done
}

view_pid=
broker_pid=
agent_pid=
exporter_pid=
ended=
stop() {
  [ -z "$ended" ] || return 0
  ended=yes
  trap '' INT TERM HUP # stopping takes a moment, and is not left half done
  local pid
  # The agent first: what it has sent is acked before the broker goes.
  for pid in $view_pid $exporter_pid $agent_pid $broker_pid; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [ -z "$broker_pid" ] || echo "
Stopped. The data is in $home/data, the agent's state in $home/state; ./dev run goes on there."
}
trap stop EXIT
trap 'exit 0' INT TERM HUP

# Starts a daemon in a session of its own, so that Ctrl-C reaches this script alone, and waits for its
# ready line. Sets `started`.
start() {
  local name=$1 log=$home/$1.log
  shift
  : >"$log"
  setsid "$bin/$name" "$@" >>"$log" 2>&1 </dev/null &
  started=$!
  until grep -q ': ready' "$log"; do
    if ! kill -0 "$started" 2>/dev/null; then
      echo "run: $name did not start:" >&2
      tail -n 20 "$log" >&2
      exit 1
    fi
    sleep 0.05
  done
}

# The addresses of a daemon's ready line.
ready_addresses() {
  sed -n 's/^.*: ready *//p' "$home/$1.log" | head -n 1
}

mapfile -t inputs < <(readable_inputs)
start logboom-broker --data-dir "$home/data" \
  --listen "tcp://127.0.0.1:$(port_or_any 19550)" \
  --metrics-listen "127.0.0.1:$(port_or_any 19561)"
broker_pid=$started
address=$(ready_addresses logboom-broker | grep -o 'tcp://[^ ]*' | head -n 1)
export LOGBOOM_BROKER=$address
"$bin/logboom" topics describe system >/dev/null 2>&1 || "$bin/logboom" topics create system >/dev/null

if [ ${#inputs[@]} -gt 0 ]; then
  start logboom-agent --broker "$address" --state-dir "$home/state" --topic system \
    "${inputs[@]/#/--input=}" --metrics-listen "127.0.0.1:$(port_or_any 19562)"
  agent_pid=$started
fi

start logboom-exporter --broker "$address" --listen "127.0.0.1:$(port_or_any 19560)"
exporter_pid=$started

cat <<EOF
Logboom is running on this machine.
  broker   $(ready_addresses logboom-broker)
  agent    $(if [ -n "$agent_pid" ]; then ready_addresses logboom-agent; else echo "not started: no file in /var/log is readable by $(id -un)"; fi)
  exporter $(ready_addresses logboom-exporter) (for Prometheus)
  reads    ${inputs[*]:-nothing} -> topic system
  logs     $home/logboom-{broker,agent,exporter}.log
To look from another shell:
  export PATH=$bin:\$PATH LOGBOOM_BROKER=$address
  logboom status
  logboom agents list
  logboom consume system --from earliest --until-end
  echo hello | logboom produce demo && logboom tail demo

EOF

limit=()
[ -z "$seconds" ] || limit=(timeout --foreground --preserve-status -s INT "$seconds")
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  echo "The console opens in a window of its own; Ctrl-C here, or closing it, ends all of it."
  "${limit[@]}" "$bin/logboom-console" --broker "$address" &
  view_pid=$!
  if wait "$view_pid"; then exit 0; fi
  view_pid=
  echo "run: the console did not open on display '${DISPLAY:-$WAYLAND_DISPLAY}'" >&2
fi

if [ -t 1 ]; then
  echo "The newest lines of topic system, then live (Ctrl-C ends all of it):"
else
  "$bin/logboom" status
  echo
  "$bin/logboom" agents list
  echo
fi
"${limit[@]}" "$bin/logboom" tail system -n 20 &
view_pid=$!
wait "$view_pid" || true
view_pid=
if [ -n "$seconds" ] && ! [ -t 1 ]; then
  echo
  "$bin/logboom" topics list
  echo
  "$bin/logboom" agents list
fi

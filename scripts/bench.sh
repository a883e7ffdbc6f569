#!/usr/bin/env bash
# dev bench [NAME] [OPTION...]: measure on this machine; NAME: pipe (the default), broker, scale ...
#
# LOGBOOM_BIN in the environment names another folder of programs than that of the release build.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=pipe
case ${1:-} in -* | '') ;; *) name=$1 && shift ;; esac
if ! [[ $name =~ ^[a-z_]+$ ]] || ! grep -qs 'prog="./dev bench ' "bench/$name.py"; then
  echo "bench: no bench '$name'; there are:" \
    "$(grep -l 'prog="./dev bench ' bench/*.py | xargs -n 1 basename -s .py | xargs)" >&2
  exit 2
fi
[ -n "${LOGBOOM_BIN:-}" ] || bash scripts/build.sh release
if [ "$name" = agent ]; then
  source scripts/setup.sh
  source scripts/peers.sh
  ensure_peers scripts/packages-bench.txt
fi
exec /usr/bin/python3 -B "bench/$name.py" "$@"

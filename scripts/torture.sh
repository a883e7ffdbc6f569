#!/usr/bin/env bash
# dev torture [RIG] [COUNT] [OPTION...]: break it, count what is lost; RIG: kill (the default), power, sim ...
#
# The rig says which options it has: ./dev torture kill --help.
# LOGBOOM_BIN in the environment names another folder of programs than that of the release build.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
rig='kill'
case ${1:-} in -* | '' | [0-9]*) ;; *) rig=$1 && shift ;; esac
if ! [[ $rig =~ ^[a-z_]+$ ]] || ! grep -qs 'prog="./dev torture ' "tests/torture/$rig.py"; then
  echo "torture: no rig '$rig'; there are:" \
    "$(grep -l 'prog="./dev torture ' tests/torture/*.py | xargs -n 1 basename -s .py | xargs)" >&2
  exit 2
fi
[ -n "${LOGBOOM_BIN:-}" ] || bash scripts/build.sh release
exec /usr/bin/python3 -B "tests/torture/$rig.py" "$@"

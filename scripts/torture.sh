#!/usr/bin/env bash
# dev torture [RIG] [COUNT] [OPTION...]: break it, count what is lost; RIG: kill (the default), power, sim ...
#
# The rig says which options it has: ./dev torture kill --help.
# LOGBOOM_BIN in the environment names another folder of programs than that of the release build.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
rig='kill'
case ${1:-} in -* | '' | [0-9]*) ;; *) rig=$1 && shift ;; esac
# A rig's own text begins with how it is called.
rigs=$(grep -lE '^[a-z_]+\.py \[' tests/torture/*.py | xargs -n 1 basename -s .py | xargs)
case " $rigs " in
  *" ${rig// /?} "*) ;;
  *) echo "torture: no rig '$rig'; there are: $rigs" >&2 && exit 2 ;;
esac
[ -n "${LOGBOOM_BIN:-}" ] || bash scripts/build.sh release
exec /usr/bin/python3 -B "tests/torture/$rig.py" "$@"

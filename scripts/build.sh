#!/usr/bin/env bash
# dev build [PRESET]: build a preset (release, dev, asan, tsan, fuzz) into build/PRESET
#
# LOGBOOM_WERROR=ON|OFF in the environment sets whether warnings are errors; unset, a folder stays as
# it was configured (new: OFF).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
if [ $# -gt 1 ]; then
  echo "build: takes one preset, got: $*" >&2
  exit 2
fi
preset=${1:-release}
if ! grep -qE "\"name\": \"$preset\", \"(generator|inherits)\"" CMakePresets.json; then
  echo "build: no preset '$preset' in CMakePresets.json" >&2
  exit 2
fi
ensure_packages scripts/packages.txt
[ "$preset" != fuzz ] || ensure_packages scripts/packages-fuzz.txt

# CMake tracks its own files; it does not track the presets, the arguments, or a moved source tree.
folder=build/$preset
stamp=$folder/.configured
arguments=()
[ -z "${LOGBOOM_WERROR:-}" ] || arguments+=("-DLOGBOOM_WERROR=$LOGBOOM_WERROR")
wanted="$PWD werror=${LOGBOOM_WERROR:-}"
is_configured() {
  [ -f "$folder/build.ninja" ] && [ -f "$stamp" ] && [ "$stamp" -nt CMakePresets.json ] || return 1
  local had
  had=$(<"$stamp")
  [ "$had" = "$wanted" ] || { [ -z "${LOGBOOM_WERROR:-}" ] && [ "${had% werror=*}" = "$PWD" ]; }
}
if ! is_configured; then
  if [ -f "$stamp" ] && [ "$(sed 's/ werror=.*//' "$stamp")" != "$PWD" ]; then
    arguments+=(--fresh)
  fi
  rm -f "$stamp"
  cmake --preset "$preset" --log-level=WARNING "${arguments[@]}"
  echo "$wanted" >"$stamp"
fi
cmake --build --preset "$preset" --parallel "$(nproc)"

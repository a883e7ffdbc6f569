#!/usr/bin/env bash
# dev package: make a .deb and an .rpm of each program, in build/packages
#
# LOGBOOM_WERROR is as for ./dev build. SOURCE_DATE_EPOCH dates what is in the packages; unset, it is
# the time of the newest commit, so that the same source makes the same bytes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
if [ $# -gt 0 ]; then
  echo "package: takes no arguments, got: $*" >&2
  exit 2
fi
ensure_packages scripts/packages-package.txt
bash scripts/build.sh release

if [ -z "${SOURCE_DATE_EPOCH:-}" ] && SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null); then
  export SOURCE_DATE_EPOCH
fi
out=build/packages
rm -rf "$out"
mkdir -p "$out"
log=$out/cpack.log
if ! (cd build/release && cpack --config CPackConfig.cmake) >"$log" 2>&1; then
  cat "$log" >&2
  echo "package: cpack failed; its output is above" >&2
  exit 1
fi
rm -rf "$out/_CPack_Packages" "$log"
lintian --allow-root "$out"/*.deb
ls -l "$out"
echo "Install on this machine: sudo apt install ./$out/logboom-{broker,agent,cli}_*.deb"

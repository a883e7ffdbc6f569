#!/usr/bin/env bash
# dev lint [PATH...]: check layout, bug patterns, names and the house, of all code or below the paths
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
source scripts/sources.sh
ensure_packages scripts/packages-lint.txt
mapfile -t sources < <(list_sources "$@")

failed=0
clang-format --dry-run -Werror "${sources[@]}" || failed=1

# clang-tidy reads the build's compile commands and generated headers.
bash scripts/build.sh release
mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep '\.cpp$' | sed -E 's/[.+]/\\&/g; s/$/$/')
if [ ${#units[@]} -gt 0 ]; then
  # It names each command and counts what it suppressed: of interest only where something is found.
  run-clang-tidy -quiet -p build/release -j "$(nproc)" "${units[@]/#/$PWD/}" 2>/dev/null |
    { grep -vE '^clang-tidy(-[0-9]+)? |^$' || true; } || failed=1
fi

mapfile -t scripts < <(list_scripts)
shellcheck -x "${scripts[@]}" || failed=1
for test in tests/house/*_test.py; do
  /usr/bin/python3 -B "$test" || failed=1
done
exit "$failed"

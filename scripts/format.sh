#!/usr/bin/env bash
# dev format [PATH...]: lay out all C++ code, or that below the paths
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
source scripts/sources.sh
ensure_packages scripts/packages-lint.txt
mapfile -t sources < <(list_sources "$@")
clang-format -i "${sources[@]}"

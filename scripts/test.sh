#!/usr/bin/env bash
# dev test [FILTER] [--all]: build and run the tests (regular expression); --all: sanitizers, fuzz, the matrix of rotations too
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
source scripts/peers.sh
filter=
presets=(release)
for argument in "$@"; do
  case $argument in
    --all) presets=(release asan tsan) ;;
    -*)
      echo "test: unknown option $argument; ./dev test [FILTER] [--all]" >&2
      exit 2
      ;;
    *)
      if [ -n "$filter" ]; then
        echo "test: one filter at a time, got '$filter' and '$argument'" >&2
        exit 2
      fi
      filter=$argument
      ;;
  esac
done

# A race inside libzmq's lock-free queues is not ours: it is built without the sanitizer.
export TSAN_OPTIONS="suppressions=$PWD/scripts/tsan-suppressions.txt ${TSAN_OPTIONS:-}"

# Runs one preset's tests and adds its last line to `summaries`.
summaries=()
run_preset() {
  local preset=$1 status=0 log junit
  if ! bash scripts/build.sh "$preset"; then
    summaries+=("$preset: does not build")
    return 1
  fi
  log=build/$preset/test-output.txt
  junit=$PWD/build/$preset/test-results.xml
  rm -f "$junit"
  ctest --test-dir "build/$preset" --output-on-failure -j2 --no-tests=error \
    --test-output-size-passed 16384 --output-junit "$junit" ${filter:+-R "$filter"} \
    2>&1 | tee "$log" || status=$?
  if grep -q '^No tests were found' "$log"; then
    summaries+=("$preset: no test matches '$filter'")
    return 1
  fi
  local summary
  summary=$(grep -E '^[0-9]+% tests passed' "$log") || summary='ctest did not finish'
  if ! /usr/bin/python3 -B scripts/not_run.py "$junit" scripts/not-run-allowed.txt; then
    summary+=', and some that have to run did not'
    status=1
  fi
  summaries+=("$preset: $summary")
  return "$status"
}

ensure_peers scripts/packages-peers.txt
failed=0
for preset in "${presets[@]}"; do
  run_preset "$preset" || failed=1
done
# The tests look at one round of the matrix of rotations; this at all of them.
if [ ${#presets[@]} -gt 1 ] && [ -z "$filter" ]; then
  if bash scripts/torture.sh rotation --verbose; then
    summaries+=("rotation: every cell is well")
  else
    summaries+=("rotation: failed")
    failed=1
  fi
fi
# Under sanitizers the corpus has been replayed; this looks a little further.
if [ ${#presets[@]} -gt 1 ] && [ -z "$filter" ]; then
  if bash scripts/fuzz.sh 10; then
    summaries+=("fuzz: no finding")
  else
    summaries+=("fuzz: failed")
    failed=1
  fi
fi
echo
printf '%s\n' "${summaries[@]}"
exit "$failed"

#!/usr/bin/env bash
# dev fuzz [TARGET] [SECONDS]: feed bent bytes to what reads bytes, under sanitizers (60 s a target)
#
# What a target promises stands in tests/fuzz/targets.h. Inputs that reach new code are kept in
# build/fuzz/corpus, and the next run goes on from them. Two targets run at a time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
mapfile -t targets < <(cd tests/fuzz/corpus && printf '%s\n' *)
if [ $# -gt 0 ] && ! [[ $1 =~ ^[0-9]+$ ]]; then
  if ! [[ $1 =~ ^[a-z_]+$ ]] || ! [ -d "tests/fuzz/corpus/$1" ]; then
    echo "fuzz: no target '$1'; there are: ${targets[*]}" >&2
    exit 2
  fi
  targets=("$1")
  shift
fi
seconds=${1:-60}
if [ $# -gt 1 ] || ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz: takes a target and a whole number of seconds: ./dev fuzz [TARGET] [SECONDS]" >&2
  exit 2
fi
bash scripts/build.sh fuzz

workers=2
findings=build/fuzz/findings
mkdir -p "$findings"

# The first number behind a word in the newest line of a log that has another word.
number() {
  grep -a "$2" "$1" | tail -n 1 | sed -nE "s/.*$3:? *([0-9]+).*/\1/p"
}

# Fuzzes one target and prints one line about it, and where each finding is.
run_target() {
  local target=$1 log=build/fuzz/$1.log kept=build/fuzz/corpus/$1 status=0 seed
  seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
  mkdir -p "$kept"
  # Limits: what a message or a file may make its reader hold, with room; 10 s for one input.
  "build/fuzz/bin/fuzz_$target" -seed="$seed" -max_total_time="$seconds" -max_len=8192 \
    -rss_limit_mb=1024 -malloc_limit_mb=64 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$findings/$target-" "$kept" "tests/fuzz/corpus/$target" \
    >"$log" 2>&1 || status=$?
  local runs before after
  runs=$(number "$log" 'stat::number_of_executed_units' 'units')
  before=$(number "$log" 'INITED' 'cov')
  after=$(number "$log" 'cov:' 'cov')
  printf '%-13s seed %-10s  %9s runs  coverage %6s, %s new  %s\n' "$target" "$seed" \
    "${runs:-0}" "${after:-0}" "$((${after:-0} - ${before:-0}))" \
    "$([ "$status" -eq 0 ] && echo 'no finding' || echo 'FINDING')"
  [ "$status" -ne 0 ] || return 0
  local file
  file=$(sed -nE 's/.*Test unit written to (.*)/\1/p' "$log" | tail -n 1)
  echo "  what: $(grep -aE -m 1 'SUMMARY|: Failure|CHECK' "$log" || echo "see $log")"
  if [ -n "$file" ]; then
    echo "  input: $file"
    echo "  replay: build/fuzz/bin/fuzz_$target $file"
    echo "  once mended, it stays in the tests: cp $file tests/fuzz/corpus/$target/"
  fi
  return 1
}

failed=0
running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$workers" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  run_target "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
echo "fuzz: ${#targets[@]} targets, $seconds s each:" \
  "$([ "$failed" -eq 0 ] && echo 'no finding' || echo "findings are in $findings")"
exit "$failed"

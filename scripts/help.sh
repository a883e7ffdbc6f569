#!/usr/bin/env bash
# dev help [VERB]: list the verbs
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
wanted=${1:-[a-z]+}

# The first `# dev VERB [ARGS]: what it does` line of each script is its help.
for script in *.sh; do
  grep -m 1 -E "^# dev $wanted( [^:]*)?: " "$script" || true
done | sed -E 's/^# dev ([^:]*): (.*)$/\1\t\2/' | awk -F '\t' '{ printf "./dev %-28s %s\n", $1, $2 }'

# shellcheck shell=bash
# Sourced by lint and format, in the source tree's root: which files they look at.

# The C++ files below the given paths (default: all of the project's), one a line. A path that leads to
# none is a mistake.
list_sources() {
  local paths=("$@") path found
  if [ ${#paths[@]} -eq 0 ]; then
    for path in lib agent broker gui exporters cli tests bench; do
      [ ! -d "$path" ] || paths+=("$path")
    done
  fi
  for path in "${paths[@]}"; do
    found=$(find "$path" -name '*.h' -o -name '*.cpp' | sort)
    if [ -z "$found" ]; then
      echo "no C++ file below '$path'" >&2
      return 1
    fi
    printf '%s\n' "$found"
  done
}

# The shell scripts of the project, one a line.
list_scripts() {
  printf '%s\n' dev .ci/run scripts/*.sh
}

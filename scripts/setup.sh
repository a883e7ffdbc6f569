# shellcheck shell=bash
# Sourced by the verbs. `ensure_packages LIST` installs what is missing from a list of Debian
# packages. With nothing missing it is one look-up and no output.

# The names in a list, one a line, without comments.
listed_packages() {
  sed -E 's/[[:space:]]*#.*$//; /^$/d' "$1"
}

# Of the names on stdin, those that are not installed.
missing_packages() {
  local names installed
  names=$(sort -u)
  # dpkg-query fails where a name is unknown: that name is then missing from its output, and counted.
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $names 2>/dev/null |
    sed -n 's/^installed //p' | sort -u)
  comm -23 <(printf '%s\n' "$names") <(printf '%s\n' "$installed")
}

# Runs apt-get as root, with its output shown only when it fails.
quiet_apt() {
  local output
  if ! output=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 "$@" 2>&1); then
    printf '%s\n' "$output" >&2
    echo "setup: apt-get $1 failed; its output is above" >&2
    return 1
  fi
}

ensure_packages() {
  local list=$1 missing as_root=()
  if ! command -v dpkg-query >/dev/null; then
    local system
    # shellcheck disable=SC1091
    system=$(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-}") || true
    echo "setup: Logboom builds on Debian 12, this is ${system:-another system}." \
      "In a container: docker run -it -v \"\$PWD\":/src -w /src debian:12 ./dev test" >&2
    exit 1
  fi
  missing=$(listed_packages "$list" | missing_packages | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "setup: packages are missing, and installing them needs root. Type this, then try again:" >&2
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  echo "setup: installing $missing" >&2
  quiet_apt update || exit 1
  # shellcheck disable=SC2086
  quiet_apt install -y --no-install-recommends $missing || exit 1
}

# shellcheck shell=bash
# Sourced by the verbs. `ensure_peers LIST` unpacks Debian packages below build/peers, each in a
# folder of its name: programs that tests start beside ours. Nothing is installed, no service starts.

# Downloads one package and unpacks it; the folder appears when it is whole.
unpack_peer() {
  local name=$1 work=build/peers/.$1.work
  rm -rf "$work"
  mkdir -p "$work/root"
  (cd "$work" && apt-get -q -o DPkg::Lock::Timeout=300 download "$name") >"$work.log" 2>&1 || return 1
  dpkg-deb -x "$work"/*.deb "$work/root" || return 1
  mv "$work/root" "build/peers/$name"
  rm -rf "$work" "$work.log"
}

# A peer that can't be had is said, and the tests that need it say NOT RUN.
ensure_peers() {
  local name
  for name in $(listed_packages "$1"); do
    [ ! -d "build/peers/$name" ] || continue
    echo "setup: unpacking $name below build/peers" >&2
    if ! unpack_peer "$name"; then
      cat "build/peers/.$name.work.log" >&2 || true
      echo "setup: no $name: apt-get download failed; its output is above" >&2
    fi
  done
}

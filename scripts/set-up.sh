# Sourced by the launchers and scripts/run: set_up_checkout HOME makes a fresh checkout ready (packages,
# dist/), once.

# Held by one set-up at a time; a lock left by a dead process is taken over. Fails when none can be made.
lock_set_up() {
  nameless=0
  absent=0
  until mkdir "$1" 2>/dev/null; do
    if [ ! -d "$1" ]; then
      # Given up by its holder just now, unless it is so again and again.
      absent=$((absent + 1))
      [ "$absent" -lt 5 ] && continue
      echo "Error: this checkout has to be set up, but $1 cannot be made there" >&2
      return 1
    fi
    holder=$(cat "$1/pid" 2>/dev/null)
    # A holder writes its pid at once; one that has not after some seconds died before it could.
    if [ -z "$holder" ]; then nameless=$((nameless + 1)); else nameless=0; fi
    if [ "$nameless" -gt 5 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
      rm -rf "$1"
    else
      sleep 1
    fi
  done
  echo $$ >"$1/pid"
}

needs_packages() {
  installed=$1/node_modules/.package-lock.json
  [ ! -f "$installed" ] || [ "$1/package-lock.json" -nt "$installed" ]
}

needs_build() {
  built=$1/dist/.built
  [ ! -f "$built" ] ||
    [ -n "$(find "$1/src" "$1/tsconfig.build.json" -newer "$built" -print 2>/dev/null | head -n 1)" ]
}

# As the lock file says. A registry that lacks a platform's optional package makes some npm versions refuse
# the lock file; package.json's exact versions are installed then.
install_packages() {
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error ||
    npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
}

set_up_checkout() {
  needs_packages "$1" || needs_build "$1" || return 0
  lock=$1/.set-up.lock
  lock_set_up "$lock" || return 1
  trap 'rm -rf "$lock"' EXIT
  failed=
  if needs_packages "$1"; then
    echo "Millrace: setting up this checkout: installing packages (once, about half a minute) …" >&2
    if (cd "$1" && install_packages >&2); then
      touch "$1/node_modules/.package-lock.json"
    else
      echo "Error: the packages could not be installed; is a package registry within reach?" >&2
      failed=1
    fi
  fi
  if [ -z "$failed" ] && needs_build "$1"; then
    echo "Millrace: compiling src/ to dist/ …" >&2
    find_node "$1" || failed=1
    # tsc exits with 2 on type errors; nothing is run then.
    compiler=$1/node_modules/typescript/bin/tsc
    if [ -z "$failed" ] && "$node_command" "$compiler" -p "$1/tsconfig.build.json" >&2; then
      touch "$1/dist/.built"
    else
      echo "Error: the sources do not compile" >&2
      failed=1
    fi
  fi
  rm -rf "$lock"
  trap - EXIT
  [ -z "$failed" ]
}

#!/usr/bin/env bash
# npm for dashboards/web with its packages in the user's cache, one folder per lock file.
# `npm.sh ci` installs what the lock file names, once; anything else goes to npm as it is.
set -euo pipefail
cd "$(dirname "$0")/../dashboards/web"
cache=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}
store=$cache/npm/$(sha256sum package-lock.json | cut -c1-16)

if [ "$1" = ci ]; then
  if [ ! -e "$store/complete" ]; then
    rm -rf "$store"
    mkdir -p "$store"
    cp package.json package-lock.json .npmrc "$store/"
    (cd "$store" && npm ci --no-audit --no-fund --loglevel=error)
    touch "$store/complete"
  fi
  if [ "$(readlink node_modules 2>/dev/null)" != "$store/node_modules" ]; then
    rm -rf node_modules
    ln -s "$store/node_modules" node_modules
  fi
  exit
fi
exec npm --no-update-notifier "$@"

#!/usr/bin/env bash
# The stages of `make test`, in order; stops at the first failure; ends with `N passed, N failed`.
# Usage: run.sh [STAGE…], default: all stages.
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}
export DESSERTE_CACHE=$cache
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export DESSERTE_REFERENCE=${DESSERTE_REFERENCE:-$(realpath -m ../shared)}
export CARGO_TERM_COLOR=never NO_COLOR=1
readonly CACHE_GIB_MAX=12
logs=$cache/logs
mkdir -p "$logs"
passed=0 failed=0 summary=() untested=

# Old build products go when the cache grows over its limit; what is in use is made again.
prune() {
  local kib
  kib=$(du -sk "$cache" | cut -f1)
  if [ "$kib" -gt $((CACHE_GIB_MAX * 1024 * 1024)) ]; then
    echo "cache above $CACHE_GIB_MAX GiB: removing incremental builds, logs and old npm packages"
    rm -rf "$CARGO_TARGET_DIR"/*/incremental "$cache/npm"
    kib=$(du -sk "$cache" | cut -f1)
    [ "$kib" -le $((CACHE_GIB_MAX * 1024 * 1024)) ] || rm -rf "$CARGO_TARGET_DIR"
  fi
}

# step NAME COMMAND…: runs one command; its tests are counted from what its runner prints, a command
# that is no test runner counts as one check.
step() {
  local name=$1 log good bad status
  shift
  log=$logs/${name//[^a-z0-9]/-}.log
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  # cargo test: "test result: ok. 12 passed; 0 failed"; vitest: "Tests  12 passed (12)";
  # node --test: "# pass 12" (or "ℹ pass 12").
  good=$(awk '/^test result:/ {n += $4} /^ *Tests .*passed/ {for (i = 2; i <= NF; i++) if ($i == "passed") n += $(i-1)} /^(#|ℹ) pass [0-9]+/ {n += $3} END {print n + 0}' "$log")
  bad=$(awk '/^test result:/ {n += $6} /^ *Tests .*failed/ {for (i = 2; i <= NF; i++) if ($i == "failed") n += $(i-1)} /^(#|ℹ) fail [0-9]+/ {n += $3} END {print n + 0}' "$log")
  if [ "$good" = 0 ] && [ "$bad" = 0 ]; then
    [ "$status" = 0 ] && good=1 || bad=1
  fi
  [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
  passed=$((passed + good)) failed=$((failed + bad))
  if [ "$status" != 0 ]; then
    echo "FAILED: $name (exit $status)"
    finish 1
  fi
}

finish() {
  printf '%s\n' "" "${summary[@]}"
  [ -z "$untested" ] || echo "$untested"
  echo "$passed passed, $failed failed"
  exit "$1"
}

stage_check() {
  tests/setup.sh rust
  step "format" cargo fmt --all --check
  step "clippy" cargo clippy --quiet --workspace --all-targets -- -D warnings
  step "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
  step "tidy" cargo test --quiet --package desserte --test it -- tidy::
}

# The server that one of the store's engines needs: built once, some minutes, where Go is installed.
influx_server() {
  local why
  if [ -n "${INFLUX_URL:-}" ]; then return; fi
  why=$(tests/servers/influxd.sh 2>&1 >/dev/null | tee -a /dev/stderr) && return
  untested="store engine InfluxDB 2: not tested: ${why##*$'\n'}"
  if [ "${CI:-}" = true ]; then
    echo "$untested"
    failed=$((failed + 1))
    finish 1
  fi
}

stage_rust() {
  tests/setup.sh rust network maps office
  influx_server
  step "rust" cargo test --workspace -- --skip tidy::
}

stage_web() {
  tests/setup.sh node
  step "web packages" tests/npm.sh ci
  step "web types" tests/npm.sh run check
  step "web unit" tests/npm.sh run unit
  step "web build" tests/npm.sh run build
}

stage_browser() {
  tests/setup.sh browser
  export DESSERTE_BIN=$CARGO_TARGET_DIR/debug/desserte
  export DESSERTE_PROBE_BIN=$CARGO_TARGET_DIR/debug/desserte-probe
  step "browser" tests/npm.sh run e2e
}

# Foreign programs against the collector, as each role; some minutes.
stage_hostile() {
  tests/setup.sh hostile
  step "hostile" "$DESSERTE_CACHE/hostile/bin/python" tests/hostile/run.py "$CARGO_TARGET_DIR/debug/desserte" --examples 30
}

stage_mutants() {
  tests/setup.sh rust
  step "mutants" tests/mutants.sh
}

stages=("$@")
if [ ${#stages[@]} = 0 ]; then
  stages=(check rust web browser)
  [ "${DESSERTE_REPEAT:-}" != long ] || stages+=(hostile mutants)
fi
prune
for stage in "${stages[@]}"; do
  begun=$SECONDS
  echo "== $stage"
  summary+=("$stage: interrupted")
  "stage_$stage"
  summary[-1]="$stage: $((SECONDS - begun)) s"
  echo "== $stage: $((SECONDS - begun)) s"
done
finish 0

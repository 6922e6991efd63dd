#!/usr/bin/env bash
# Mutation testing of the rules that money follows from (src/domain): at least 95 % of the mutants must
# be caught by the package's own tests. Installs cargo-mutants into the cache; says so and stops where
# that cannot be had. Usage: mutants.sh [FILE…], default: the whole package.
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}
readonly VERSION=27.1.0 CAUGHT_PERCENT_MIN=95
tool=$cache/mutants/bin/cargo-mutants
if [ ! -x "$tool" ]; then
  if ! cargo install --quiet --locked --version "$VERSION" --root "$cache/mutants" \
    --target-dir "$cache/mutants/build" cargo-mutants; then
    echo "skipped: cargo-mutants $VERSION cannot be installed here (no registry)"
    exit 0
  fi
  rm -rf "$cache/mutants/build"
fi
out=$cache/mutants/report
rm -rf "$out"
mkdir -p "$out"
files=()
for file in "$@"; do files+=(--file "$file"); done
# Optimised a little: the properties take most of the time of a run.
PATH="$cache/mutants/bin:$PATH" CARGO_PROFILE_DEV_DEBUG=0 cargo mutants --package desserte-domain \
  --output "$out" --no-shuffle --colors never --timeout 120 --minimum-test-timeout 60 \
  "${files[@]}"
caught=$(wc -l < "$out/mutants.out/caught.txt") missed=$(wc -l < "$out/mutants.out/missed.txt")
timeout=$(wc -l < "$out/mutants.out/timeout.txt")
killed=$((caught + timeout)) all=$((caught + timeout + missed))
echo "mutants: $killed of $all caught"
sed 's/^/  survived: /' "$out/mutants.out/missed.txt"
[ "$all" -gt 0 ] && [ $((killed * 100)) -ge $((all * CAUGHT_PERCENT_MIN)) ]

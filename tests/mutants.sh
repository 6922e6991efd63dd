#!/usr/bin/env bash
# Mutation testing of the rules that money follows from (src/domain): at least 95 % of the mutants must
# be caught by the package's own tests. Installs cargo-mutants into the cache; says so and stops where
# that cannot be had. Usage: mutants.sh [FILE…], default: the whole package.
# DESSERTE_MUTANTS_SHARD=K/N tests every Nth mutant, from the Kth (0 to N − 1): a sample of all files.
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}
readonly VERSION=27.1.0 CAUGHT_PERCENT_MIN=95
shard=${DESSERTE_MUTANTS_SHARD:-}
if [ -n "$shard" ] && ! [[ $shard =~ ^[0-9]+/[1-9][0-9]*$ ]]; then
  echo "DESSERTE_MUTANTS_SHARD: \"$shard\" is not K/N, such as 0/20" >&2
  exit 2
fi
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
chosen=()
for file in "$@"; do chosen+=(--file "$file"); done
[ -z "$shard" ] || chosen+=(--shard "$shard" --sharding round-robin)
# A mutant costs one compilation of the package and one run of its tests. Without debug information the
# first is shorter; with a quarter of the random cases the second is, and a mutant that only a rare case
# finds counts as survived.
PATH="$cache/mutants/bin:$PATH" CARGO_PROFILE_DEV_DEBUG=0 PROPTEST_CASES=64 \
  cargo mutants --package desserte-domain --output "$out" --no-shuffle --colors never \
  --timeout 120 --minimum-test-timeout 60 "${chosen[@]}"
code=$?
# 0: all caught, 2: some survived, 3: some ran out of time. Anything else gave no score.
case $code in
  0 | 2 | 3) ;;
  *)
    echo "mutants: cargo-mutants ended with $code: no score" >&2
    exit 1
    ;;
esac
lines() { wc -l < "$out/mutants.out/$1.txt"; }
caught=$(lines caught) missed=$(lines missed) timeout=$(lines timeout)
killed=$((caught + timeout)) all=$((caught + timeout + missed))
echo "mutants${shard:+ (every ${shard#*/}th, from ${shard%/*})}: $killed of $all caught," \
  "$timeout of them by time; $(lines unviable) do not compile"
sed 's/^/  survived: /' "$out/mutants.out/missed.txt"
[ "$all" -gt 0 ] && [ $((killed * 100)) -ge $((all * CAUGHT_PERCENT_MIN)) ]

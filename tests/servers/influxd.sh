#!/usr/bin/env bash
# Builds the InfluxDB 2 server that the tests run against, once, into the user's cache, and prints its
# path. Its version is that of go.mod beside this file. It needs Go, Rust and a C compiler.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}
version=$(awk '$1 == "github.com/influxdata/influxdb/v2" {print $2; exit}' "$here/go.mod")
folder=$cache/servers/influxd-$version
if [ ! -x "$folder/influxd" ]; then
  for tool in go cargo cc pkg-config; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: InfluxDB 2 cannot be built" >&2; exit 1; }
  done
  mkdir -p "$folder"
  # Two test runs at once build once.
  exec 9>"$folder/lock"
  flock 9
  if [ ! -x "$folder/influxd" ]; then
    echo "building influxd $version, some minutes, once" >&2
    cd "$here"
    # The server's query language is a Rust library: this pkg-config builds it and hands the rest on
    # to the system's.
    go build -o "$folder/bin/pkg-config" github.com/influxdata/pkg-config >&2
    # That library names a toolchain of its own; the installed one does as well. Its build products
    # are not ours.
    toolchain=${RUSTUP_TOOLCHAIN:-$(rustup show active-toolchain 2>/dev/null | cut -d' ' -f1)}
    env -u CARGO_TARGET_DIR PATH="$folder/bin:$PATH" ${toolchain:+RUSTUP_TOOLCHAIN="$toolchain"} \
      go build -tags sqlite_foreign_keys,sqlite_json -o "$folder/influxd.new" \
      github.com/influxdata/influxdb/v2/cmd/influxd >&2
    mv "$folder/influxd.new" "$folder/influxd"
  fi
fi
echo "$folder/influxd"

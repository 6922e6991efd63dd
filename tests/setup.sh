#!/usr/bin/env bash
# Installs what a stage needs and the machine lacks. Debian packages by apt-get, as root.
# Usage: setup.sh node | rust | browser | network | maps | office | peers | bench-store | hostile | all
set -euo pipefail

want=()
need() { command -v "$1" >/dev/null 2>&1 || want+=("$2"); }

for part in "$@"; do
  case $part in
    # The peers of the store's bench; what cannot be installed is left out of its table.
    bench-store) need victoria-metrics victoria-metrics; [ -d /usr/lib/postgresql ] || want+=(postgresql) ;;&
    rust | all) command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
      need cc gcc; need pkg-config pkg-config
      pkg-config --exists openssl 2>/dev/null || want+=(libssl-dev) ;;&
    node | all) command -v node >/dev/null || { echo "Node.js 20 or newer is missing" >&2; exit 1; } ;;&
    browser | all) need chromium chromium; need pdfinfo poppler-utils
      [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || want+=(fonts-dejavu-core) ;;&
    # What the agent is measured beside.
    peers) need ping iputils-ping; need ip iproute2; need unshare util-linux; need fping fping; need openssl openssl; need python3 python3 ;;
    hostile) need sqlmap sqlmap; need python3 python3
      /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || want+=(python3-venv) ;;&
    # The agent's ICMP tests make network namespaces of their own; the foreign agent is in Python.
    network | all) need ip iproute2; need nft nftables; need python3 python3
      /usr/bin/python3 -c 'import cryptography' 2>/dev/null || want+=(python3-cryptography) ;;&
    # A spreadsheet opens what is written for one.
    office | all) need soffice libreoffice-calc-nogui; need unshare util-linux ;;&
    # Other programs open what is exported and served.
    maps | all) need ogrinfo gdal-bin; need python3 python3
      /usr/bin/python3 -c 'import osgeo' 2>/dev/null || want+=(python3-gdal)
      /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null || want+=(python3-venv) ;;
  esac
done

if [ ${#want[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "missing Debian packages: ${want[*]}; run: sudo apt-get install ${want[*]}" >&2
    exit 1
  fi
  echo "installing ${want[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends "${want[@]}" >&2
fi

# Checkers that only PyPI has, in the cache; without a way there their tests say that they are skipped.
case " $* " in
  *" maps "* | *" all "*)
    checks=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}/map-checks
    if [ ! -e "$checks/done" ]; then
      rm -rf "$checks"
      # GDAL's own binding is Debian's; the validator's other needs come with it.
      if /usr/bin/python3 -m venv --system-site-packages "$checks" &&
        "$checks/bin/pip" install --quiet libcoveofds owslib click click-log minio pydantic pyyaml semver setuptools &&
        "$checks/bin/pip" install --quiet --no-deps pdok-geopackage-validator; then
        touch "$checks/done"
      else
        rm -rf "$checks"
        echo "no way to PyPI: the checks of libcoveofds, owslib and the GeoPackage validator are skipped" >&2
      fi
    fi ;;
esac

# It asks the collector what its interface describes and what it does not.
case " $* " in
  *" hostile "*)
    hostile=${DESSERTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/desserte}/hostile
    if [ ! -e "$hostile/done" ]; then
      rm -rf "$hostile"
      /usr/bin/python3 -m venv "$hostile"
      if "$hostile/bin/pip" install --quiet "schemathesis<5"; then
        touch "$hostile/done"
      else
        echo "no way to PyPI: schemathesis is skipped" >&2
      fi
    fi ;;
esac

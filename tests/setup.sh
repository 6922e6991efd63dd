#!/usr/bin/env bash
# Installs what a stage needs and the machine lacks. Debian packages by apt-get, as root.
# Usage: setup.sh node | rust | browser | network | peers | all
set -euo pipefail

want=()
need() { command -v "$1" >/dev/null 2>&1 || want+=("$2"); }

for part in "$@"; do
  case $part in
    rust | all) command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
      need cc gcc ;;&
    node | all) command -v node >/dev/null || { echo "Node.js 20 or newer is missing" >&2; exit 1; } ;;&
    browser | all) need chromium chromium; need pdfinfo poppler-utils
      [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || want+=(fonts-dejavu-core) ;;&
    # What the agent is measured beside.
    peers) need ping iputils-ping; need fping fping; need openssl openssl; need python3 python3 ;;
    # The agent's ICMP tests make network namespaces of their own; the foreign agent is in Python.
    network | all) need ip iproute2; need nft nftables; need python3 python3
      /usr/bin/python3 -c 'import cryptography' 2>/dev/null || want+=(python3-cryptography) ;;
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

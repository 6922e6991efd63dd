#!/usr/bin/env bash
# A digest of the built page: it is part of the release build's environment, so that a new page
# means a new binary (the embedding macro alone does not notice new files).
set -euo pipefail
cd "$(dirname "$0")/../dashboards/web/dist"
find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16

#!/usr/bin/env bash
# Sends events with the SDKs that shops use, unchanged, to a running server, and looks for them in the profile.
#   scripts/sdktest/run.sh URL WRITEKEY SECRETKEY
# Needs Node, Python 3 and Chromium; fetches the pinned SDKs itself.
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: $0 URL WRITEKEY SECRETKEY" >&2; exit 2; }
cd "$(dirname "$0")"
cache=$(cd ../.. && pwd)/.cache/sdktest
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent
if ! "$cache/bin/python" -c 'import segment.analytics' 2>/dev/null; then
  python3 -m venv "$cache"
  "$cache/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
fi
node node.mjs "$@"
"$cache/bin/python" python_sdk.py "$@"
node browser.mjs "$@"

#!/usr/bin/env bash
# Installs the AWS emulator once under .cache and runs it on 127.0.0.1. Usage: run.sh [PORT]; without PORT it takes a free one. It
# prints "listening on HOST:PORT" when it answers; it ends when its standard input does, and removes what it kept. AUTH=true enforces role policies. Needs
# Python 3; exit 69: it could not be fetched.
set -euo pipefail
version=1.5.33
here=$(cd "$(dirname "$0")" && pwd)
cache=${here%/scripts/*}/.cache/ministack venv=$cache/$version

if [ ! -e "$venv/ready" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  # A virtual environment cannot be moved when it is finished, so installers wait for each other instead.
  python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt"; } >&2 || exit 69
    touch "$venv/ready"
  fi
  exec 9>&-
fi
exec "$venv/bin/python" "$here/launch.py" "$cache" "${1:-0}"

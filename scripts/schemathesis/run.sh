#!/usr/bin/env bash
# Fuzzes the admin API of a fresh, empty shop with schemathesis for SECONDS (60): once with the shop's secret key, once with the owner's session, which must find nothing. Installs schemathesis once
# under .cache. Needs Go, Python 3 and curl; listens on 127.0.0.1 alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD version=4.32.5 venv=$PWD/.cache/schemathesis/4.32.5 seconds=${1:-60}
if [ ! -x "$venv/bin/schemathesis" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"
fi
work=$(mktemp -d)
go build -o "$work/shopkeeper" ./scripts/shopkeeper
"$work/shopkeeper" serve --no-demo --port 0 --json --data "$work/shop" >"$work/ready.json" 2>"$work/serve.log" &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 300); do
  [ -s "$work/ready.json" ] && break
  kill -0 "$pid" 2>/dev/null || { cat "$work/serve.log"; exit 1; }
  sleep 0.1
done
ready() { python3 -c "import json,sys; print(json.load(open('$work/ready.json'))[sys.argv[1]])" "$1"; }
url=$(ready url)

# fuzz NAME OPTIONS...: one bounded run with fixed choices; its findings go to ci-output, too.
fuzz() {
  local name=$1
  shift
  (cd "$work" && "$venv/bin/schemathesis" --config-file "$root/scripts/schemathesis/schemathesis.toml" run "$url/admin/v1/openapi.json" \
    --max-time "$seconds" --seed 1 --generation-database none --no-color "$@") >"$work/$name.log" 2>&1 && { tail -4 "$work/$name.log"; return; }
  cat "$work/$name.log"
  [ -z "${SHOPKEEPER_OUTPUT:-}" ] || cp "$work/$name.log" "$SHOPKEEPER_OUTPUT/schemathesis-$name.log"
  return 1
}

fuzz key --header "Authorization: Bearer $(ready secretKey)"

# The session of a second owner, as the first one's account may have been changed by now. What ends sessions is left out, and so are made-up credentials beside the
# session: the first run has them.
python3 - "$url" "$(ready secretKey)" "$work" <<'PY'
import json, sys, urllib.request
url, key, work = sys.argv[1:]
def call(path, body, **headers):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer), answer.headers
made, _ = call("/admin/v1/users", {"login": "second-owner", "role": "owner"}, Authorization="Bearer " + key)
def login(password):
    session, headers = call("/admin/v1/session", {"login": "second-owner", "password": password})
    return session["csrf"], headers["Set-Cookie"].split(";")[0]
csrf, cookie = login(made["password"])
request = urllib.request.Request(url + "/admin/v1/session/password", json.dumps({"old": made["password"], "new": "a password of its own"}).encode(),
                                 {"Content-Type": "application/json", "Cookie": cookie, "X-CSRF-Token": csrf}, method="PUT")
urllib.request.urlopen(request).close()
csrf, cookie = login("a password of its own")
open(work + "/csrf", "w").write(csrf)
open(work + "/cookie", "w").write(cookie)
PY
fuzz session --header "Cookie: $(cat "$work/cookie")" --header "X-CSRF-Token: $(cat "$work/csrf")" \
  --generation-with-security-parameters false --exclude-checks ignored_auth \
  --exclude-operation-id login --exclude-operation-id logout --exclude-operation-id change-password --exclude-operation-id change-user --exclude-operation-id reset-password
if grep -q '"kind":"internal"\|level=ERROR' "$work/serve.log"; then
  grep 'level=ERROR' "$work/serve.log" | head -20
  exit 1
fi

#!/usr/bin/env bash
# The main job on the example stack: plan, apply, drift, mend, destroy. In the sandbox by default;
# with `moto` as second argument over the wire, through the AWS SDK.
set -euo pipefail

trueup=$(realpath "$1")
emulator=${2:-sandbox}
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cp -r "$here/../stacks/." "$work"
cd "$work"
rm -rf .trueup

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { # expected exit code, arguments
    local expected=$1 code=0
    shift
    printf '\n$ trueup %s\n' "$*"
    "$trueup" "$@" "${where[@]}" || code=$?
    if [ "$code" != "$expected" ]; then
        echo "demo: expected exit code $expected, got $code" >&2
        exit 1
    fi
}

case $emulator in
sandbox)
    where=(--sandbox)
    tamper() { python3 "$here/tamper.py" sandbox "$work/.trueup/sandbox-snowex.json"; }
    ;;
moto)
    where=()
    venv=$here/../.venv
    make -C "$here/.." --no-print-directory .venv/done
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2 AWS_EC2_METADATA_DISABLED=true
    MOTO_IAM_LOAD_MANAGED_POLICIES=true "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
    server=$!
    for _ in $(seq 100); do
        if python3 -c "import urllib.request as u; u.urlopen('$AWS_ENDPOINT_URL/moto-api/')" 2>/dev/null; then break; fi
        sleep 0.2
    done
    tamper() { "$venv/bin/python" "$here/tamper.py" moto; }
    ;;
*)
    echo "demo: unknown emulator '$emulator': write EMULATOR=moto, or leave it out for the sandbox" >&2
    exit 1
    ;;
esac

say "What would be made"
run 2 plan snowex.yaml --detailed-exitcode
say "Make it"
run 0 apply snowex.yaml --yes
say "Nothing is left to do"
run 0 plan snowex.yaml --detailed-exitcode
run 0 drift snowex.yaml
run 0 output snowex.yaml
say "Somebody opens the database to the internet by hand"
tamper
run 2 drift snowex.yaml
say "Mend it"
run 0 apply snowex.yaml --yes
run 0 drift snowex.yaml
say "Tear it down; the database is named, because it holds data"
run 0 destroy snowex.yaml --yes --allow-data-loss db_instance.main
run 2 plan snowex.yaml --detailed-exitcode
say "Done: made, checked, mended, gone."

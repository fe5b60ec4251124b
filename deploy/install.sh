#!/bin/sh
# install.sh PYTHON VENV: make the virtual environment and install the pinned set into it.
# Meanwhile TimescaleDB is provisioned with the system's Python, for downloading and unpacking overlap well.
set -eu
python=$1 venv=$2

fail() { printf 'Error: %s\n  Remedy: %s\n' "$1" "$2" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python is not on this machine" "install Python 3.11 or newer (apt-get install python3)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" --version), too old" "install Python 3.11 or newer and run: make PYTHON=python3.11 ..."
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "$python can't make virtual environments" "sudo apt-get install python3-venv, then the same command again"
    echo "Installing on this machine with apt-get: python3-venv"
    { apt-get -qq -y install python3-venv || { apt-get -qq update && apt-get -qq -y install python3-venv; }; } >/dev/null 2>&1 ||
        fail "apt-get could not install python3-venv" "check the network and the package sources, then the same command again"
fi
free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free_kb" -gt 2000000 ] || fail "only $((free_kb / 1000)) MB free here; the installation needs 2000" "free some space"

provisioning=
if [ -z "${GEMBA_DATABASE_URL:-}" ] && ! grep -qsE "^GEMBA_(HOME|DATABASE_URL)=" .env; then
    "$python" -m gemba.services.provision "${GEMBA_HOME:-.gemba}" &
    provisioning=$!
fi

"$venv/bin/python" -m pip --version >/dev/null 2>&1 || { rm -rf "$venv"; "$python" -m venv "$venv"; }
echo "Installing $(grep -c '==' requirements.lock) pinned packages into $venv (one to two minutes)"
# The lock is complete, so pip need not resolve anything: --no-deps.
pip="$venv/bin/python -m pip -qq --disable-pip-version-check install --no-deps"
status=0
$pip --require-hashes -r requirements.lock && $pip --no-build-isolation -e . || status=$?
if [ -n "$provisioning" ]; then wait "$provisioning" || exit 1; fi # it has said why
[ "$status" = 0 ] || fail "pip could not install the pinned set" "check the network and pip's configuration, then the same command again"

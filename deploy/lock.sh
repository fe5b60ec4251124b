#!/bin/sh
# lock.sh PYTHON: pin what pyproject.toml asks for into requirements.lock: names, versions, hashes, no index address.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" -m venv "$work/venv"
"$work/venv/bin/pip" -qq --disable-pip-version-check install pip-tools
cp pyproject.toml "$work"
[ -n "${UPGRADE:-}" ] || cp requirements.lock "$work" 2>/dev/null || true # pins stay unless UPGRADE is set
(cd "$work" && venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --extra test \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
    --output-file requirements.lock pyproject.toml)
if grep -n '://' "$work/requirements.lock"; then
    echo "Error: an address got into the lock file" >&2
    exit 1
fi
{
    echo "# The pinned set: names, versions, hashes; no index address. Made by \`make lock\` from pyproject.toml."
    cat "$work/requirements.lock"
} >requirements.lock

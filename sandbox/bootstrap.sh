#!/usr/bin/env bash
# Makes .venv from requirements.lock (by hash), or does nothing when it is current.
# Runs before any of our Python can: plain bash, progress on stderr, nothing on stdout.
set -euo pipefail
cd "$(dirname "$0")/.."
exec 1>&2

fail() {
    printf '%s\n' "$*"
    exit 1
}

is_recent_enough() { # Also refuses pyenv shims that exist but run nothing.
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.13 python3.12 \
        "$HOME"/.pyenv/versions/3.13*/bin/python3 "$HOME"/.pyenv/versions/3.12*/bin/python3 \
        python3.14 python3 python; do
        if [ -n "$candidate" ] && is_recent_enough "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

digest() { # shasum is what macOS has.
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

venv=.venv
stamp=$venv/lock.sha256
wanted=$(digest requirements.lock)

is_current() {
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && is_recent_enough "$venv/bin/python"
}

is_current && exit 0

mkdir -p .run/logs
if command -v flock >/dev/null; then # Two makes at once: the second waits and finds it done.
    exec 9>.run/bootstrap.lock
    flock 9
    is_current && exit 0
fi

log=.run/logs/bootstrap.log
: >"$log"
started=$SECONDS
python=$(find_python) ||
    fail "Python 3.12 or newer is needed and none was found; install one or name it: PYTHON=/path/to/python3 make ..."

if ! is_recent_enough "$venv/bin/python"; then
    echo " … virtual environment from $python ($("$python" -c 'import platform; print(platform.python_version())'))"
    "$python" -m venv --clear "$venv" >>"$log" 2>&1 ||
        { command -v uv >/dev/null && uv venv --quiet --clear --python "$python" "$venv" >>"$log" 2>&1; } ||
        fail "$python cannot make a virtual environment (see $log); on Debian: apt install python3-venv"
fi

total=$(grep -c '^[a-z0-9A-Z].*==' requirements.lock)
echo " … $total packages of requirements.lock, each checked against its hash"

install() {
    if command -v uv >/dev/null; then
        uv pip install --python "$venv/bin/python" --require-hashes --compile-bytecode -r requirements.lock 2>&1
    else
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
            --require-hashes --only-binary :all: -r requirements.lock 2>&1
    fi
}

show_progress() { # One line on a terminal that counts up, every 25th package elsewhere.
    local line count=0 seen=' '
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$log"
        case $line in
        Collecting\ * | Requirement\ already\ satisfied:*)
            line=${line#Collecting }
            line=${line#Requirement already satisfied: }
            line=${line%%[=; ]*}
            case $seen in *" $line "*) continue ;; esac
            seen="$seen$line "
            count=$((count + 1))
            if [ -t 1 ]; then
                printf '\r\033[K   %d/%d %s' "$count" "$total" "$line"
            elif [ $((count % 25)) -eq 0 ]; then
                printf '   %d/%d\n' "$count" "$total"
            fi
            ;;
        Installing\ collected\ packages*)
            [ -t 1 ] && printf '\r\033[K'
            echo "   unpacking"
            ;;
        esac
    done
}

if ! install | show_progress; then
    if grep -qE 'NewConnectionError|Failed to establish|name resolution|ConnectTimeout|error sending request|Network is unreachable|No matching distribution' "$log"; then
        fail "The package index cannot be reached: connect to a network (or set PIP_INDEX_URL) and run the command again; details in $log"
    fi
    tail -n 5 "$log"
    fail "The packages could not be installed; details in $log"
fi
echo "$wanted" >"$stamp"
echo " ✓ packages ready ($((SECONDS - started)) s)"

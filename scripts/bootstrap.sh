#!/usr/bin/env bash
# Installs what every make target needs: Java, a virtual environment with the locked packages, Delta's JARs.
# Skips what is installed already. Installs system packages only as root, without asking.
# With the argument postgresql or chromium it installs that alone, for the tests that need it.
set -euo pipefail
cd "$(dirname "$0")/.."

log() { printf '%s\n' "$*" >&2; }

install_package() {
    # install_package <purpose> <package> …: installs the first package that is available.
    local purpose=$1
    shift
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        log "installing $purpose"
        apt-get update -qq >/dev/null 2>&1 || true
        for package in "$@"; do
            if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1; then
                return 0
            fi
        done
    fi
    return 1
}

if [ "${1:-}" = postgresql ]; then
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null ||
        install_package "PostgreSQL" postgresql || {
        log "PostgreSQL is needed and was not found: install it (Debian, Ubuntu: sudo apt-get install postgresql)"
        exit 3
    }
    exit 0
fi

if [ "${1:-}" = chromium ]; then
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || install_package "Chromium" chromium || {
        log "Chromium is needed and was not found: install it (Debian, Ubuntu: sudo apt-get install chromium)"
        exit 3
    }
    # Letters of Korean, for pictures; a test reads texts and needs none.
    fc-list :lang=ko 2>/dev/null | grep -q . || install_package "a Korean font" fonts-noto-cjk fonts-nanum ||
        log "no Korean font was found: pictures show boxes in place of Hangul"
    exit 0
fi

java_major() {
    "$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1
}

find_java() {
    for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        [ -n "$java" ] && [ -x "$java" ] || continue
        case "$(java_major "$java")" in 17 | 21) echo "$java"; return 0 ;; esac
    done
    return 1
}

find_python() {
    for python in python3.11 python3.12 python3; do
        command -v "$python" >/dev/null || continue
        "$python" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null || continue
        echo "$python"
        return 0
    done
    return 1
}

if ! find_java >/dev/null; then
    install_package "Java 17" openjdk-17-jre-headless openjdk-21-jre-headless || true
    find_java >/dev/null || {
        log "Java 17 or 21 is needed and was not found: install it (Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
        exit 3
    }
fi

python=$(find_python) || {
    log "Python 3.11 is needed and was not found: install it (Debian 12: sudo apt-get install python3.11 python3.11-venv)"
    exit 3
}

wanted=$(cat requirements.lock setup.py | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv/.installed 2>/dev/null || true)" != "$wanted" ]; then
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        rm -rf .venv
        if ! "$python" -m venv .venv >/dev/null 2>&1; then
            rm -rf .venv
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            install_package "Python's venv module" "python$version-venv" python3-venv || true
            "$python" -m venv .venv || {
                log "Python has no working venv module: install it (Debian, Ubuntu: sudo apt-get install python$version-venv)"
                exit 3
            }
        fi
    fi
    log "installing the locked packages into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
    .venv/bin/uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
    echo "$wanted" >.venv/.installed
fi

.venv/bin/python -m warehouse.jars >/dev/null

#!/usr/bin/env bash
# Installs what the Makefile's targets need, and says plainly what is missing where it cannot.
#
#   scripts/setup.sh tools PACKAGE...   Debian packages, through sudo where the user is not root
#   scripts/setup.sh python EXTRAS      .venv with tinyc in it, editable, with these extras (such as test,lint)
#
# A package is installed only if what it is wanted for is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# The python3 to build .venv with: 3.11 or newer; empty if there is none.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# Whether there is a Python that makes virtual environments, or one too old, which no package of this system would mend.
can_make_venv() {
    local python3
    python3="$(find_python)"
    if [[ -z "$python3" ]]; then
        command -v python3
    else
        "$python3" -c 'import ensurepip, venv'
    fi
}

# Whether what the Debian package $1 is wanted for is there already.
present() {
    case "$1" in
        gcc-arm-none-eabi) command -v arm-none-eabi-gcc ;;
        libnewlib-arm-none-eabi) [[ "$(arm-none-eabi-gcc -print-file-name=nano.specs)" == /* ]] ;;
        libc6-dev) echo '#include <math.h>' | cc -E - ;;
        python3-venv) [[ -x .venv/bin/python ]] || can_make_venv ;;
        *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

tools() {
    local missing=() package
    for package in "$@"; do
        present "$package" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0

    local command="apt-get install --no-install-recommends ${missing[*]}"
    command -v apt-get >/dev/null || fail "missing: ${missing[*]} (Debian's names)" \
        "there is no apt-get here to install them; please install them with your system's package manager"
    local root=()
    if [[ "$(id -u)" != 0 ]]; then
        command -v sudo >/dev/null || fail "missing: ${missing[*]}" \
            "to install them takes root, and there is no sudo; ask for: $command"
        root=(sudo)
        [[ -t 0 ]] || root+=(--non-interactive)
        "${root[@]}" true || fail "missing: ${missing[*]}" "sudo is refused; ask for: $command"
    fi
    echo "setup: installing ${missing[*]}"
    "${root[@]}" apt-get update -qq || echo "setup: the package lists cannot be updated; trying with those there are" >&2
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >/dev/null || fail "apt-get could not install ${missing[*]}" \
        "see its message above (no network?); to try it by hand: $command"
    for package in "${missing[@]}"; do
        present "$package" || fail "$package is installed, and what it is wanted for still does not work"
    done
}

python() {
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        local python3
        python3="$(find_python)"
        [[ -n "$python3" ]] || fail "tinyc wants Python 3.11 or newer; here is $(python3 --version 2>&1 || true)" \
            "install a newer one, such as Debian 12's python3"
        "$python3" -m venv --clear .venv || fail "$python3 cannot make a virtual environment in .venv"
    fi
    echo "setup: installing tinyc[$1] and its Python packages into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$1]" ||
        fail "pip could not install the Python packages; see its message above" \
            "they come from PyPI: is there a network, and does it want a proxy (HTTPS_PROXY) or a mirror (PIP_INDEX_URL)?"
}

"$@"

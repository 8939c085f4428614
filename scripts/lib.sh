# shellcheck shell=bash
# What the scripts beside this file have in common. Sourced, never run.

# say WORDS: one line for the person.
say() {
    printf '%s\n' "$*"
}

# fail WHAT-HAPPENED WHAT-TO-DO [EXIT-CODE]: the two lines that every program of Ingle ends with when it can't go on.
fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit "${3:-1}"
}

has() {
    command -v "$1" >/dev/null
}

# Whether somebody is there to answer a question.
has_person() {
    [[ -t 0 && -t 2 ]]
}

# ask QUESTION: true for yes. Asked only where has_person.
ask() {
    local answer
    read -r -p "$1 [y/N] " answer
    [[ $answer == [yY]* ]]
}

# now_ms: milliseconds since 1970, with no process started.
now_ms() {
    printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"
}

# json_text NAME: the text under that name in a line of JSON on the standard input; nothing when it isn't there. Enough for the
# flat lines that Ingle prints with --json.
json_text() {
    sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"
}

# One folder for everything that is built, outside of the sources, so that copies of them share it. Deleting it is safe.
ingle_cache=${XDG_CACHE_HOME:-$HOME/.cache}/ingle
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ingle_cache/target}

# need_rust: makes cargo callable. Installs Rust only after a yes.
need_rust() {
    has cargo || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    if ! has cargo; then
        local how="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
        has_person || fail "Rust is needed to build Ingle, and there is no cargo here" "install it with: $how"
        say "Rust is needed to build Ingle. Its own installer puts it into your home folder: https://rustup.rs"
        ask "Install Rust now?" || fail "without Rust there is nothing to build Ingle with" "install it with: $how"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
    fi
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(cargo --version | cut -d ' ' -f 2)
    if [[ $(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1) != "$wanted" ]]; then
        fail "Ingle needs Rust $wanted, and this is $found" "update it, for example with: rustup update stable"
    fi
}

# need_rust_component NAME COMMAND: "cargo COMMAND" is callable.
need_rust_component() {
    cargo "$2" --version >/dev/null 2>&1 && return
    has rustup || fail "\"cargo $2\" is missing" "install $1 the way that Rust was installed here"
    rustup component add "$1"
}

# need_cargo_tool NAME: makes "cargo NAME" callable. Built once, kept in the cache.
need_cargo_tool() {
    PATH=$ingle_cache/tools/bin:$PATH
    has "cargo-$1" && return
    say "Building cargo-$1, once; it's kept in $ingle_cache/tools."
    CARGO_TARGET_DIR=$ingle_cache/tools/build cargo install "cargo-$1" --locked --root "$ingle_cache/tools"
    rm -rf "$ingle_cache/tools/build"
}

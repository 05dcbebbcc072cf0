# shellcheck shell=bash
# Starts an installed server, downloads from it, and stops it. To be sourced after scripts/steps.sh, by a script that sets
# $scratch to a folder and calls stop_serving on exit.

scratch=${scratch:?}
server=''
address=''

# until_true command...: tries until it succeeds, for a minute at most; gives up at once if the server has ended.
until_true() {
    local left=600
    until "$@"; do
        if ((left-- == 0)) || ! kill -0 "$server" 2> /dev/null; then
            give_up "The installed server does not do what it should ($*): $(cat "$scratch/said" "$scratch/log")"
        fi
        sleep 0.1
    done
}

listens() {
    address=$(sed -n 's|^listening on http://||p' "$scratch/said")
    [[ -n $address ]]
}

# serve command...: starts a server without this shell's variables, and waits until it listens.
serve() {
    truncate --size 0 "$scratch/said" "$scratch/log"
    env -i PATH="$PATH" HOME="$scratch/home" "$@" > "$scratch/said" 2> "$scratch/log" &
    server=$!
    until_true listens
}

stop_serving() {
    # Where it has a process group of its own, all of that.
    [[ -z $server ]] || kill -- "-$server" 2> /dev/null || kill "$server" 2> /dev/null || true
}

# SIGTERM ends it with status 0.
ends_well() {
    kill -TERM "$server"
    wait "$server" || give_up "It did not end well: $(cat "$scratch/log")"
    server=''
}

has_page() {
    page=$(curl -sSf -H 'Accept: text/html' "http://$address/$1")
}

# brings_page owner/model: gets the page, and every script and style that it names.
brings_page() {
    local paths path kind
    until_true has_page "$1"
    paths=$(grep -oE '/(pkg|assets)/[A-Za-z0-9_./-]+' <<< "$page" | sort -u)
    for kind in js wasm css; do
        grep -qE "^/pkg/.*\.$kind$" <<< "$paths" || give_up "A page names no .$kind: $paths"
    done
    for path in $paths; do
        [[ $(curl -sSf "http://$address$path" | wc -c) -gt 0 ]] || give_up "A page's $path is not there"
    done
}

has_file() {
    curl -sSfL -o "$scratch/got" "http://$address/$1"
}

# brings_file owner/model/resolve/main/file SHA-256: gets the file, and compares the digest.
brings_file() {
    local digest
    until_true has_file "$1"
    digest=$(sha256sum "$scratch/got")
    [[ ${digest%% *} == "$2" ]] || give_up "$1 has the digest ${digest%% *} in place of $2"
}

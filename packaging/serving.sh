# shellcheck shell=bash
# Starts an installed server, asks it for what people ask for, and ends it. To be sourced, after scripts/steps.sh, by a
# script that has $scratch, and that calls stop_serving when it ends.

scratch=${scratch:?}
server=''
address=''

# until_true command...: as long as the server runs, and for a minute at most.
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

# serve command...: starts it without this shell's variables, and waits until it listens.
serve() {
    truncate --size 0 "$scratch/said" "$scratch/log"
    env -i PATH="$PATH" HOME="$scratch/home" "$@" > "$scratch/said" 2> "$scratch/log" &
    server=$!
    until_true listens
}

stop_serving() {
    [[ -z $server ]] || kill "$server" 2> /dev/null || true
}

# Asked to end, it ends well.
ends_well() {
    kill -TERM "$server"
    wait "$server" || give_up "It did not end well: $(cat "$scratch/log")"
    server=''
}

has_page() {
    page=$(curl -sSf -H 'Accept: text/html' "http://$address/$1")
}

# brings_page owner/model: with its scripts and its style, which it names by their digests.
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

# brings_file owner/model/resolve/main/file SHA-256
brings_file() {
    local digest
    until_true has_file "$1"
    digest=$(sha256sum "$scratch/got")
    [[ ${digest%% *} == "$2" ]] || give_up "$1 has the digest ${digest%% *} in place of $2"
}

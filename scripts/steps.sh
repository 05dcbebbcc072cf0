# shellcheck shell=bash
# Output of the scripts: one line when a long step starts, one when it is done, and one sentence if it fails. To be
# sourced.

bold='' plain=''
if [[ -t 1 ]]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

say() {
    printf '%s\n' "$*"
}

headline() {
    printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"
}

# Ends the script with one sentence that says what to do.
said=70
give_up() {
    printf '\nmodelferry: %s\n' "$*" >&2
    exit "$said"
}

# 75 -> "1 min 15 s"
duration() {
    if (($1 < 60)); then
        printf '%d s' "$1"
    else
        printf '%d min %d s' $(($1 / 60)) $(($1 % 60))
    fi
}

# step "what it does" "how long that takes" command...
# Runs the command, in a subshell of its own that stops at the first failure. If it fails, so does the script.
step() {
    local what=$1 about=$2 start=$SECONDS status
    shift 2
    headline "$what ($about)"
    set +e
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    case $status in
        0) say "    done in $(duration $((SECONDS - start)))" ;;
        "$said") exit "$said" ;;
        *) give_up "\"$what\" failed after $(duration $((SECONDS - start))); its own words are above." ;;
    esac
}

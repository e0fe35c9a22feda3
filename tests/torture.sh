#!/usr/bin/env bash
# Real processes on one store, killed at random and cut off from it, first on a disk, then in a bucket behind links of their own.
#
#   tests/torture.sh [SECONDS] [SEED]        600 seconds, half of them for each place, unless told otherwise
#
# Two imports, a compaction and a daemon are killed (-9) and started again, and lose the network for a while; a reader is left alone.
# In the end: every batch that was acknowledged is found again, each line is there once, revisions are dense, `elava verify` finds
# nothing, and the reader has never failed, nor seen another answer at a revision than it had seen before.
#
# ELAVA names the program, ELAVA_TEST_PYTHON a Python with SeaweedFS (tests/run.sh makes one). Networks are cut between namespaces,
# which takes root; without it processes are only killed. All is on this machine, and is taken away in the end.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-600}" seed="${2:-$$}"
elava="$(realpath "${ELAVA:-${CARGO_TARGET_DIR:-target}/release/elava}")"
work="$(mktemp -d -t elava-torture-XXXXXX)"
spaces="elava-torture-$$"
scripts="$PWD/tests/buckets"
RANDOM="$seed"
echo "torture: $seconds seconds, seed $seed"

# Shared by all addresses here: 10.213.N.2 is a client, 10.213.N.1 the server's end of its link, 10.213.0.1 the server.
server=10.213.0.1
roles=(one two compactor daemon)

clean_up() {
    local status=$?
    trap - EXIT
    touch "$work/stop"
    kill_all
    # SeaweedFS ends with its input.
    exec 3>&-
    [ -z "${weed:-}" ] || wait "$weed" || true
    local space
    for space in $(ip netns list 2>/dev/null | cut -d' ' -f1); do
        [[ "$space" == "$spaces"-* ]] || continue
        ip netns pids "$space" | xargs -r kill -9 || true
        ip netns delete "$space"
    done
    cat "$work/failed" >&2 2>/dev/null || true
    if [ "$status" = 0 ]; then rm -rf "$work"; else echo "torture: what is left is in $work (seed $seed)" >&2; fi
    exit "$status"
}
kill_all() {
    local file
    for file in "$work"/pid.*; do
        [ -s "$file" ] && kill -9 "$(<"$file")" 2>/dev/null
    done
    return 0
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# Ends whoever finds it, and soon all others.
fail() {
    echo "torture: $*" >>"$work/failed"
    exit 1
}

# Runs a command in the namespace of a role, if it has one, in the background of the worker that calls; its pid is noted for whoever
# kills it.
run_as() { # ROLE COMMAND...
    local role="$1"
    shift
    if [ -n "${with_links:-}" ]; then set -- ip netns exec "$spaces-$role" "$@"; fi
    "$@" &
    echo "$!" >"$work/pid.$role"
    local status=0
    wait "$!" || status=$?
    : >"$work/pid.$role"
    return "$status"
}

# Whether a failure is one that was made: the process was killed, or lost the network since it was started.
is_made() { # ROLE STATUS STARTED
    [ "$2" = 137 ] || [ -e "$work/stop" ] || [ "$work/cut.$1" -nt "$3" ]
}

# The lines of a part of what an import brings: scans of three resources, all of which change from scan to scan.
lines() { # ACCOUNT PART
    awk -v account="$1" -v part="$2" 'BEGIN {
        scope = "\"provider\":\"aws\",\"account_id\":\"" account "\",\"region\":\"us-east-1\",\"resource_type\":\"aws_test_alpha\""
        for (scan = 0; scan < 40; scan++) {
            id = account "-" part "-" scan
            printf "{\"scan\":\"started\",\"scan_id\":\"%s\",\"provider\":\"aws\"}\n", id
            for (line = 0; line < 3; line++) printf "{%s,\"resource_id\":\"i-%d\",\"name\":\"%s/%d\"}\n", scope, line, id, line
            printf "{\"scan\":\"scope\",%s,\"status\":\"complete\"}\n{\"scan\":\"completed\"}\n", scope
        }
    }'
}

writer() { # ROLE ACCOUNT
    local part status
    for ((part = 0; ; part++)); do
        lines "$2" "$part" >"$work/$1.ndjson"
        while true; do
            [ -e "$work/stop" ] && return
            touch "$work/started.$1"
            status=0
            run_as "$1" "$elava" import "$work/$1.ndjson" 2>>"$work/said.$1" || status=$?
            [ "$status" = 0 ] && break
            is_made "$1" "$status" "$work/started.$1" || fail "$1 ended with $status: $(tail -n 3 "$work/said.$1")"
        done
        echo "$part" >"$work/done.$1"
    done
}

# A command that is to be there all the time.
keeper() { # ROLE ARGUMENTS...
    local role="$1" status
    shift
    until [ -e "$work/stop" ]; do
        touch "$work/started.$role"
        status=0
        run_as "$role" "$elava" "$@" >"$work/said.$role" 2>&1 || status=$?
        [ "$status" = 0 ] || is_made "$role" "$status" "$work/started.$role" || fail "$role ended with $status: $(tail -n 3 "$work/said.$role")"
        sleep 0.1
    done
}

ask() { # ARGUMENTS...
    run_as reader "$elava" sql --format csv "$@" 2>"$work/said.reader"
}

reader() {
    local answers="SELECT (SELECT count(*) FROM observations) AS seen, (SELECT count(*) FROM changes(0, 'head')) AS changed,
        (SELECT max(name) FROM resources) AS newest, (SELECT sum(revision) FROM resources) AS revisions"
    local revision answer known=() seen=()
    until [ -e "$work/stop" ]; do
        revision="$(ask "SELECT coalesce(max(revision), 0) AS head FROM observations" | tail -n 1)" || revision=""
        answer="$(ask --as-of "${revision:-none}" "$answers" | tail -n 1)" || answer=""
        [ -e "$work/stop" ] && return
        [ -n "$answer" ] || fail "the reader failed at revision ${revision:-?}: $(<"$work/said.reader")"
        known+=("$revision") seen+=("$answer")
        local at=$((RANDOM % ${#known[@]}))
        answer="$(ask --as-of "${known[at]}" "$answers" | tail -n 1)" || answer=""
        [ -e "$work/stop" ] && return
        [ "$answer" = "${seen[at]}" ] || fail "revision ${known[at]} was '${seen[at]}', and is '$answer': $(<"$work/said.reader")"
        echo "${#known[@]}" >"$work/done.reader"
    done
}

link() { # ROLE NUMBER
    ip netns add "$spaces-$1" &&
        ip -n "$spaces-server" link add "to-$1" type veth peer name net0 netns "$spaces-$1" &&
        ip -n "$spaces-server" address add "10.213.$2.1/24" dev "to-$1" &&
        ip -n "$spaces-server" link set "to-$1" up &&
        ip -n "$spaces-$1" address add "10.213.$2.2/24" dev net0 &&
        ip -n "$spaces-$1" link set net0 up &&
        ip -n "$spaces-$1" link set lo up &&
        ip -n "$spaces-$1" route add "$server" via "10.213.$2.1"
}

make_links() {
    ip netns add "$spaces-server" 2>/dev/null || return 1
    ip -n "$spaces-server" link set lo up && ip -n "$spaces-server" address add "$server/32" dev lo || return 1
    local number=1 role
    for role in "${roles[@]}" reader; do
        link "$role" "$number" || return 1
        number=$((number + 1))
    done
}

# A link is down for a while, at its far end: what is sent is lost, and nothing says so.
cut_off() { # ROLE SECONDS
    touch "$work/cut.$1"
    ip -n "$spaces-server" link set "to-$1" down
    sleep "$2"
    ip -n "$spaces-server" link set "to-$1" up
    # What had begun before goes on failing for a moment.
    touch -d "+30 seconds" "$work/cut.$1"
}

# Kills and cuts for so many seconds; how many of each.
torment() { # SECONDS
    local end=$((SECONDS + $1)) kills=0 cuts=0 role pid
    # A slow machine has a minute more for the reader.
    while ((SECONDS < end)) || { [ ! -s "$work/done.reader" ] && ((SECONDS < end + 60)); }; do
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
        [ -e "$work/failed" ] && exit 1
        role="${roles[RANDOM % ${#roles[@]}]}"
        if [ -n "${with_links:-}" ] && ((RANDOM % 3 == 0)); then
            cut_off "$role" "$((RANDOM % 4)).$((RANDOM % 10))"
            cuts=$((cuts + 1))
        else
            pid="$(cat "$work/pid.$role" 2>/dev/null || true)"
            if [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; then kills=$((kills + 1)); fi
        fi
    done
    echo "$kills killed, $cuts cut off" >"$work/done.torment"
}

# What a query returns that is to return nothing.
none() { # WHAT SQL
    local rows
    rows="$(ask "$2" | tail -n +2)" || fail "$1: $(<"$work/said.reader")"
    [ -z "$rows" ] || fail "$1: $(head -n 3 <<<"$rows")"
}

check() { # PLACE
    run_as reader "$elava" verify --deep || fail "verify found damage"
    {
        echo "scan_id,first,last"
        sed -nE 's/^scan ([^ :]+): revisions ([0-9]+)\.\.([0-9]+)$/\1,\2,\3/p' "$work/said.one" "$work/said.two"
    } >"$work/acknowledged.csv"
    none "acknowledged, and not there" "SELECT a.scan_id, a.first, a.last, count(o.revision) AS found
        FROM '$work/acknowledged.csv' AS a LEFT JOIN observations AS o ON o.scan_id = a.scan_id AND o.revision BETWEEN a.first AND a.last
        GROUP BY 1, 2, 3 HAVING count(o.revision) <> a.last - a.first + 1"
    none "revisions are not dense" "SELECT * FROM (SELECT count(*) AS n, count(DISTINCT revision) AS different, max(revision) AS head FROM observations)
        WHERE n <> head OR different <> head"
    none "a line is there twice" "SELECT name, count(*) AS n FROM observations WHERE change <> 'deleted' GROUP BY 1 HAVING count(*) > 1"
    local role scans
    for role in one two; do
        scans=$((40 * ($(cat "$work/done.$role" 2>/dev/null || echo -1) + 1)))
        [ "$scans" -gt 0 ] || continue
        none "$role was through with scans that are not whole" "SELECT scan_id, status FROM scans WHERE status <> 'complete'
            AND scan_id LIKE '$(account "$role")-%' AND CAST(split_part(scan_id, '-', 2) AS INT) < $((scans / 40))"
    done
    local batches
    batches=$(($(wc -l <"$work/acknowledged.csv") - 1))
    ((batches > 0)) || fail "nothing was written"
    [ -s "$work/done.reader" ] || fail "nothing was read"
    echo "$1: $batches batches acknowledged and found, $(<"$work/done.torment"), $(<"$work/done.reader") points read twice"
}

account() { # ROLE
    case "$1" in one) echo 111122223333 ;; *) echo 444455556666 ;; esac
}

round() { # PLACE SECONDS
    rm -f "$work"/{stop,done.*,said.*,cut.*,pid.*}
    # There is a store, so that each of them finds one.
    lines 000000000000 0 >first.ndjson
    run_as reader "$elava" import first.ndjson 2>"$work/said.reader" || fail "the first import failed: $(<"$work/said.reader")"
    keeper compactor compact &
    keeper daemon daemon &
    local role
    for role in one two; do writer "$role" "$(account "$role")" & done
    reader &
    torment "$2"
    touch "$work/stop"
    # A process may be about to start while all are killed.
    local jobs
    jobs="$(jobs -p)"
    for _ in 1 2 3 4 5; do
        kill_all
        sleep 0.2
    done
    for job in $jobs; do
        [ "$job" = "${weed:-}" ] || wait "$job" || true
    done
    [ -e "$work/failed" ] && exit 1
    check "$1"
}

export HOME="$work" ELAVA_STORE AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing-secret
cd "$work"
cat >elava.toml <<END
[storage]
allow_http = true

[[daemon.jobs]]
name = "look"
every = "10s"
jitter = "0s"
query = { sql = "SELECT count(*) AS n FROM resources" }
compact = true
END

ELAVA_STORE="$work/store"
round "disk" "$((seconds / 2))"

with_links=yes
make_links || { with_links="" && server=127.0.0.1 && echo "torture: no namespaces here (they take root): nothing is cut off"; }
in_server() { if [ -n "$with_links" ]; then ip netns exec "$spaces-server" "$@"; else "$@"; fi; }
python="${ELAVA_TEST_PYTHON:?names a Python with SeaweedFS; tests/run.sh makes one}"
mkfifo "$work/weed.end"
in_server "$python" "$scripts/seaweedfs.py" "$server" <"$work/weed.end" >"$work/weed.said" &
weed=$!
exec 3>"$work/weed.end"
until [ -s "$work/weed.said" ]; do
    kill -0 "$weed" 2>/dev/null || fail "SeaweedFS does not start"
    sleep 0.1
done
AWS_ENDPOINT_URL="$(sed -nE 's/.*"endpoint": "([^"]+)".*/\1/p' "$work/weed.said")"
export AWS_ENDPOINT_URL
in_server "$python" -c 'import boto3, os; boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).create_bucket(Bucket="stores")'
ELAVA_STORE=s3://stores/torture
round "bucket" "$((seconds / 2))"
exec 3>&-

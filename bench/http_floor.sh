#!/bin/sh
# Bare libmicrohttpd against our server, alternating in one run: bench/http_floor.sh [BINARY] [SECONDS] [ROUNDS]
# Prints requests a second of each and, at the end, the ratios of the medians.
set -eu
bin=${1:-build/bench/http_floor}
seconds=${2:-3}
rounds=${3:-3}
connections=${CONNECTIONS:-64}
threads=${THREADS:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

measure() { # MODE -> requests a second
    mkfifo "$work/in" "$work/out"
    "$bin" "$1" "$threads" <"$work/in" >"$work/out" &
    exec 3>"$work/in" 4<"$work/out"
    read -r url <&4
    wrk -t1 -c"$connections" -d"${seconds}s" "$url/health" | awk '/Requests\/sec/ {print int($2)} /Non-2xx|Socket errors/ {print > "/dev/stderr"}'
    exec 3>&- 4<&-
    wait $!
    rm "$work/in" "$work/out"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    for mode in bare now later; do
        rate=$(measure $mode)
        echo "$mode $rate"
        echo "$rate" >>"$work/$mode"
    done
    round=$((round + 1))
done
median() { sort -n "$work/$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
awk -v b="$(median bare)" -v n="$(median now)" -v l="$(median later)" \
    'BEGIN {printf "bare %d/s, now %d/s (%.0f %%), later %d/s (%.0f %%)\n", b, n, 100 * n / b, l, 100 * l / b}'

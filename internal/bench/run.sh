#!/bin/sh
# Measures and compares: internal/bench/run.sh [COUNT]. With BENCH=… in the environment it is only the benchmarks of this folder that
# match, BENCH=UnlockList say. Six runs are what benchstat needs for an interval. The samples go to
# out/bench/new.txt, the tables to out/bench/report.txt. Samples worth keeping become docs/bench/baseline.txt, with which later runs are
# compared.
set -eu
cd "$(dirname "$0")/../.."
count=${1:-6}
new=out/bench/new.txt
baseline=docs/bench/baseline.txt
# On the disk: tests have their temporary files in memory, where nothing durable costs anything.
export TMPDIR="$PWD/out/bench/_tmp"
mkdir -p "$TMPDIR"
rm -f "$new"

load() { echo "$1, load $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors, $(date -u +%FT%RZ)" | tee -a "$new"; }

# measure PACKAGE BENCHMARKS TIME: a failure ends the script, which it would not in a pipe.
measure() {
	echo "measuring $1"
	go test -run '^$' -bench "$2" -benchtime "$3" -count "$count" -timeout 30m "$1" >out/bench/part.txt || { cat out/bench/part.txt; exit 1; }
	cat out/bench/part.txt >>"$new"
}

load Begun
measure ./internal/bench "${BENCH:-.}" 1x
case "${BENCH:-UnlockList}" in *UnlockList*) COFFER_BENCH_CHEAP_KEY=1 measure ./internal/bench UnlockList 1x ;; esac
if [ -z "${BENCH:-}" ]; then
	measure ./app/screen Keystroke 30x
	measure ./app/ui Keystroke 30x
	measure ./crypto/keys OpenObject 20000x
	measure ./internal/attacks Refusal 200x
	count=1 # the vaults of the growth take long to make
	measure ./vault '^Benchmark(Open|Save|Query)$' 20x
	measure ./app/screen Several 3x
	measure ./vault/audit 'Audit/all' 1x
fi
load Ended
rm out/bench/part.txt

# beyond compares what comes after the key derivation, in the runs where that costs next to nothing: medians of whole processes, and less
# what the same program takes for one item, which is its start and its end.
beyond() {
	sed -nE 's|^BenchmarkUnlockList/key=cheap/items=([0-9]+)/program=([a-z]+)[^0-9]+[0-9]*[[:space:]]+[0-9]+[[:space:]]+([0-9.]+) ns/op.*|\2 \1 \3|p' "$new" |
		sort -k1,1 -k2,2n -k3,3n | awk '
		{ key = $1 " " $2; seen[key]++; ns[key, seen[key]] = $3; if (seen[key] == 1) order[++keys] = key }
		END {
			for (k = 1; k <= keys; k++) { key = order[k]; median[key] = ns[key, int((seen[key] + 1) / 2)] / 1e9 }
			for (k = 1; k <= keys; k++) {
				split(order[k], part, " ")
				if (part[2] == 1 || part[1] != "coffer" || !(("keepassxc " part[2]) in median)) continue
				ours = median[order[k]]; theirs = median["keepassxc " part[2]]
				a = ours - median["coffer 1"]; b = theirs - median["keepassxc 1"]
				printf "%8d items: coffer %.3f, keepassxc %.3f, %.1f times; beyond one item %.3f and %.3f, %.1f times\n", part[2], ours, theirs, theirs / ours, a, b, b / a
			}
		}'
}

report() {
	grep -E '^(Begun|Ended), ' "$new"
	echo
	echo "== Beside other programs"
	go tool benchstat -filter '.name:UnlockList' -col /program "$new"
	echo "Unlock to list with a key derivation that costs next to nothing: median seconds"
	beyond
	go tool benchstat -filter '.name:Argon2id' -col /program "$new"
	echo
	echo "== The rest"
	go tool benchstat -filter '-.name:(UnlockList OR Argon2id)' "$new"
	if [ -f "$baseline" ]; then
		echo
		echo "== Against $baseline"
		go tool benchstat "$baseline" "$new"
	fi
}
echo
report | tee out/bench/report.txt

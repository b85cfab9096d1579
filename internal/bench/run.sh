#!/bin/sh
# Measures and compares: internal/bench/run.sh [COUNT]. Six runs are what benchstat needs for an interval. The samples go to
# out/bench/new.txt, the tables to out/bench/report.txt. Samples worth keeping become docs/bench/baseline.txt, with which later runs are
# compared.
set -eu
cd "$(dirname "$0")/../.."
count=${1:-6}
new=out/bench/new.txt
baseline=docs/bench/baseline.txt
mkdir -p out/bench
rm -f "$new"

load() { echo "$1, load $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors, $(date -u +%FT%RZ)" | tee -a "$new"; }

# measure PACKAGE BENCHMARKS TIME: a failure ends the script, which it would not in a pipe.
measure() {
	echo "measuring $1"
	go test -run '^$' -bench "$2" -benchtime "$3" -count "$count" -timeout 30m "$1" >out/bench/part.txt || { cat out/bench/part.txt; exit 1; }
	cat out/bench/part.txt >>"$new"
}

load Begun
measure ./internal/bench . 1x
measure ./vault '^BenchmarkOpen$|^BenchmarkSave$/^10000$' 3x
measure ./app/screen Keystroke 30x
measure ./app/ui Keystroke 30x
measure ./crypto/keys OpenObject 20000x
measure ./internal/attacks Refusal 200x
load Ended
rm out/bench/part.txt

report() {
	grep -E '^(Begun|Ended), ' "$new"
	echo
	echo "== Beside other programs"
	go tool benchstat -filter '.name:UnlockList' -col /program "$new"
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

#!/bin/sh
# Measures the window of COFFER_PROGRAM and says of each bar whether it is met. COFFER_ITEMS are the numbers of items. The samples go to
# out/bench/gui.txt, the bars to out/bench/bars.txt. With a file as its argument it measures nothing, and reads the samples from there.
set -eu
cd "$(dirname "$0")/../.."
new=out/bench/gui.txt
mkdir -p out/bench

load() { echo "$1, load $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors, $(date -u +%FT%RZ)" | tee -a "$new"; }

# measure PACKAGE BENCHMARKS TIME [FLAG]: a failure ends the script, which it would not in a pipe.
measure() {
	echo "measuring $1"
	go test -run '^$' -bench "$2" -benchtime "$3" -count 3 -timeout 60m ${4:+"$4"} "$1" >out/bench/part.txt || { cat out/bench/part.txt; exit 1; }
	cat out/bench/part.txt >>"$new"
}

if [ $# -gt 0 ]; then
	new=$1
else
	rm -f "$new"
	load Begun
	measure ./vault '^BenchmarkQuery$/^100000$' 20x
	measure ./app/screen '^BenchmarkKeystroke$/^items=100000$' 30x
	measure ./app/ui '^BenchmarkKeystroke$' 30x
	measure ./internal/bench '^BenchmarkWindow$' 1x -tags=x11,gui
	load Ended
	rm out/bench/part.txt
fi

# bars takes the median of the runs of every figure and holds it against its bar (docs/performance.md, Beside the bars).
bars() {
	grep -E '^(Begun|Ended), ' "$new" || true
	awk '
	/^Begun, / { busy = $3 > $7 } # the load of the last minute, in which the programs may have been built, and the processors
	/^Benchmark/ {
		sub(/-[0-9]+$/, "", $1)
		for (i = 3; i < NF; i += 2) { key = $1 " " $(i + 1); value[key, ++seen[key]] = $i }
	}
	function median(key,    n, i, j, held) {
		n = seen[key]
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && value[key, j] + 0 < value[key, j - 1] + 0; j--) { held = value[key, j]; value[key, j] = value[key, j - 1]; value[key, j - 1] = held }
		return value[key, int((n + 1) / 2)] + 0
	}
	function bar(what, known, got, most, unit) {
		if (!known) { verdict = "NO SAMPLE"; missing++ } else if (got <= most) verdict = "met"; else { verdict = "MISSED"; missed++ }
		printf "%-52s %8s %-3s  bar %-5s %s\n", what, known ? sprintf("%.1f", got) : "-", unit, most, verdict
		all++
	}
	# slowest is the query of those named that takes longest; it is in most and known.
	function slowest(names,    part, n, i, key) {
		known = 1; most = 0; n = split(names, part, " ")
		for (i = 1; i <= n; i++) {
			key = "BenchmarkQuery/100000/" part[i] " ns/op"
			if (!seen[key]) known = 0; else if (median(key) > most) most = median(key)
		}
	}
	function window(what, items, metric, most, unit,    key) {
		key = "BenchmarkWindow/items=" items "/program=coffer " metric
		bar(what ", " items " items", seen[key], seen[key] ? median(key) : 0, most, unit)
	}
	END {
		for (i = split("10000 100000", size, " "); i > 0; i--) window("first paint", size[3 - i], "paint-ms", 600, "ms")
		slowest("a/0 acc/0 user12/0 site9_user1/0 site9/1")
		bar("filter of 100000 items, slowest text", known, most / 1e6, 10, "ms")
		slowest("zzz/0 acuont/0 exmaple/0 acuont_exmaple/0 iste99999x/0")
		bar("filter of 100000 items, slowest slip of the fingers", known, most / 1e6, 10, "ms")
		# The window types a letter and takes it away; its model has two such states.
		key = "BenchmarkKeystroke/items=100000/"; a = key "window ns/op"; b = key "text=9 ns/op"; c = key "text= ns/op"
		known = seen[a] && seen[b] && seen[c]
		bar("list refresh, 100000 items: window less model", known, known ? (median(a) - (median(b) + median(c)) / 2) / 1e6 : 0, 5, "ms")
		window("resident, unlocked", 10000, "rss-MB", 200, "MB")
		window("resident, unlocked", 100000, "rss-MB", 260, "MB")
		for (i = split("10000 100000", size, " "); i > 0; i--) window("load, idle", size[3 - i], "idle-%", 2, "%")
		for (i = split("10000 100000", size, " "); i > 0; i--) window("load, one-time code in sight", size[3 - i], "code-%", 2, "%")
		for (i = split("10000 100000", size, " "); i > 0; i--) window("load, closed to the tray", size[3 - i], "hidden-%", 1, "%")
		printf "\n%d bars: %d met, %d missed, %d without a sample\n", all, all - missed - missing, missed, missing
		if (busy) print "The machine was busy when this began: the times say nothing, and the loads are too high."
	}' "$new"
}
echo
bars | tee out/bench/bars.txt

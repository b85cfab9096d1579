# Two commands do everything: make run, make test. They install what they need (Debian 12, as root or with sudo).
# The other targets are listed by make help.

# clang: gcc takes minutes over the OpenGL bindings. x11: no Wayland headers. One set of flags, so that everything is compiled once.
export CC := clang-14
export CXX := clang++-14
export CGO_ENABLED := 1
export GOFLAGS := -tags=x11 -buildvcs=false -trimpath
GO := go

VERSION ?= 0.1.0
BUILDINFO := github.com/coffer-vault/coffer/internal/buildinfo
STAMP := -X $(BUILDINFO).Version=$(VERSION) -X $(BUILDINFO).Commit=$(shell git rev-parse HEAD 2>/dev/null)

# For the programs that open a vault: Go overwrites what it frees (docs/adr/0033-go-overwrites-what-it-frees.md).
FORGET := -X runtime.godebugDefault=clobberfree=1,asyncpreemptoff=1

# Packages whose concurrency matters also run under the race detector.
RACE := ./app/session/... ./app/screen/... ./sync/... ./cloud/... ./vault ./vault/sqlite ./vault/search ./updater/...

# The parts of tier 2, the longest first. Three at a time keep two processors at work: of the parts' time more than half is waiting. One
# that fails does not stop the others. None has a prerequisite, or it would begin after all that have none.
SYSTEM := windows screens sim cloud live others mutation rehearsal disk memory cups

.PHONY: $(SYSTEM:%=system-%) $(SYSTEM:%=timed-%) help run journey test lint unit race attacks sim soak test-system goldens screenshots reproducible windows linux bench bench-cloud bench-gui build clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

run: setup-run build ## the main job: server and app; FRESH=1 starts over; without a display the whole journey under Xvfb
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then sh internal/journey/demo.sh ./bin "$(FRESH)"; else $(MAKE) --no-print-directory journey; fi

# Beside the journey there is TestDemo, of make run with a display.
JOURNEY ?= TestJourney

journey: ## the journey on the programs in bin/, under Xvfb
	$(GO) build -ldflags "$(STAMP) $(FORGET) -X $(BUILDINFO).Version=0.2.0" -o bin/next/coffer ./app/cmd/coffer
	$(GO) test -v -count=1 -tags=x11,journey -timeout 15m -run '$(JOURNEY)' ./internal/journey

test: setup-test lint unit race ## tier 1: unit, property, real store, server and mail, UI driver, attacks

# What has files of its own for a system is vetted for it, without cgo: not the window, nor on macOS the tray, which test-windows compiles.
ELSEWHERE = GOOS=$(1) CGO_ENABLED=0 $(GO) vet $$(git ls-files '*_$(1).go' '*_$(1)_test.go' | xargs -n1 dirname | sort -u | grep -vE '^app/(cmd/coffer|tray)$$' | sed 's|^|./|')

lint: setup-test
	$(GO) vet ./...
	$(call ELSEWHERE,windows)
	$(call ELSEWHERE,darwin)
	$(GO) tool staticcheck ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt the files above"; exit 1; }

unit: setup-test
	$(GO) test -timeout 15m ./...

race: setup-test
	$(GO) test -race -timeout 15m $(RACE)

test-system: setup-system build ## tier 2: live browsers, Wine, another client, the journey with profiles of live browsers
	@rm -rf out/system && mkdir -p out/system
	@$(MAKE) --no-print-directory --keep-going --jobs=3 --output-sync=line WITHOUT='^TestServiceUpdates$$$$' $(SYSTEM:%=timed-%); \
		failed=$$?; cat out/system/*; exit $$failed

$(SYSTEM:%=timed-%): timed-%: # a part, how long it took, and the processors' time of what it waited for: not Wine's, which nobody waits for
	@began=$$(date +%s); $(MAKE) --no-print-directory system-$*; failed=$$?; took=$$(($$(date +%s) - began)); times >out/system/$*; \
		sed -i "1d; s/^/$* took $$((took / 60))m$$((took % 60))s, processors (user, system) /" out/system/$*; exit $$failed

system-mutation: # defences switched off one by one
	$(GO) test -C internal/mutation -tags=x11,system -count=1 -timeout 30m -parallel 3

system-others: # live browsers, programs that read what Coffer exports, packages of Linux and macOS, a second client
	@mkdir -p out
	COFFER_OUT=$(CURDIR)/out $(GO) test -tags=x11,system -count=1 -timeout 40m ./vault/importer/... ./vault/exporter $$($(GO) list -tags=x11,system ./installer/... | grep -v /windows) ./internal/interop

system-cups:
	$(GO) test -tags=x11,system -count=1 -timeout 10m -run '^TestPrintWithCUPS$$' ./app/platform

system-disk: # every step of a disk that fails, and damaged files that tier 1 does not draw
	$(GO) test -count=1 -timeout 20m -run '^TestFailingDisk$$' ./internal/crash -args -crash.stride=1
	$(GO) test -count=1 -timeout 20m -run '^TestRandomDamage$$' ./app/cmd/cofferctl -args -damage.first=31 -damage.n=500

system-memory: # what is left of a large vault after a lock
	$(GO) test -tags=x11,system -count=1 -timeout 10m -run '^TestMemoryOfALargeVault$$' ./internal/attacks

# Of cloud/api's tests these are about SQLite's file; all others run on PostgreSQL too.
SQLITE_ALONE := TestDiskOutage|TestDiskStandsStill|TestOldEnvelopesAreDropped

system-cloud: # servers and their databases
	$(GO) test -tags=x11,system -count=1 -timeout 20m ./cloud ./cloud/store/... ./cloud/cmd/... ./internal/cluster
	$(GO) test -tags=x11,system -count=1 -timeout 10m -run '^TestSchema$$' ./cloud/api
	$(GO) test -tags=x11,system -count=1 -timeout 20m -skip '^(TestSchema|$(SQLITE_ALONE)|Fuzz.*)$$' ./cloud/api -postgres

system-screens: # every screen in seven languages
	$(GO) test -tags=x11,system -count=1 -timeout 40m -run '^(TestScreens|TestEverySceneIsAccessible)$$' ./app/ui

system-live: # the journey on profiles of live browsers
	COFFER_JOURNEY=live $(MAKE) --no-print-directory journey JOURNEY=.

system-sim: # seeds that tier 1 does not play
	$(GO) test -count=1 -timeout 2h ./internal/sim -args -sim.first=2001 -sim.n=20000

test-windows: setup-system system-windows ## the packages and the app of Windows under Wine: the matrix of docs/admin/windows.md, pictures into out/

# What make release-rehearsal runs too, make test-system leaves out here. Three computers at a time: each waits for most of it.
system-windows:
	@mkdir -p out
	COFFER_OUT=$(CURDIR)/out $(GO) test -tags=x11,system -count=1 -timeout 40m -parallel 3 $(if $(WITHOUT),-skip '$(WITHOUT)') ./installer/windows

release-rehearsal: setup-system system-rehearsal ## releases with throw-away keys, served by two hosts, update real installations, here and under Wine

# Two versions of the programs as they are, but for the stamp.
system-rehearsal:
	@for version in 1.0.0 1.1.0; do \
		mkdir -p out/rehearsal/$$version && $(GO) build -ldflags "$(STAMP) $(FORGET) -X $(BUILDINFO).Version=$$version" \
			-o out/rehearsal/$$version/ ./app/cmd/coffer ./updater/cmd/... || exit 1; \
	done
	COFFER_REHEARSAL=$(CURDIR)/out/rehearsal $(GO) test -tags=x11,system -count=1 -timeout 10m ./updater/rehearsal
	$(GO) test -tags=x11,system -count=1 -timeout 20m -run '^TestServiceUpdates$$' ./installer/windows

reproducible: setup-system ## the committed sources, built in two folders and once without a cache, make the same programs and packages of Windows: minutes
	updater/rehearsal/reproducible.sh $(VERSION) "$(FORGET)"

goldens: setup-system ## every screen against what it looked like, without the rest of its system test; UPDATE=1 keeps what it looks like now (docs/adr/0020-goldens.md)
	$(GO) test -tags=x11,system -short -count=1 -timeout 40m -run '^TestScreens$$/^(en|de|ja)$$' ./app/ui $(if $(UPDATE),-args -goldens.renew)

screenshots: setup-test ## every screen, light and dark, as it opens first and smallest, into out/screenshots
	@mkdir -p out/screenshots
	COFFER_PICTURES=$(CURDIR)/out/screenshots $(GO) test -count=1 -timeout 40m -run '^TestPictures$$/^(usual|least)$$' ./app/ui

attacks: setup-test ## a malicious server, a malicious update host, a stolen laptop
	$(GO) test -C internal/attacks -count=1 -timeout 30m
	$(GO) test -count=1 ./updater/... ./sync/chain ./sync/enrol

# One history is told; of many the failing ones are.
SIM = $(if $(SEED),-sim.first=$(SEED) -sim.n=1 -sim.tell $(if $(KEEP),-sim.keep=$(KEEP)),-sim.first=$(or $(FROM),1) -sim.n=$(or $(N),2000)) $(if $(SECOND),-sim.second=$(SECOND)) $(if $(LEDGER),-sim.ledger=$(abspath $(LEDGER)))

sim: setup-test ## random histories of devices, server and network: N=… of them FROM=… a seed, LEDGER=… a file to go on with, or SEED=… KEEP=… (docs/sim.md)
	$(GO) test -count=1 -timeout 0 ./internal/sim -run '^TestHistories$$' -v -args $(SIM)

# Kills happen at the moment that the machine makes of them; what is done, and at which labelled points, follows from the seed.
soak: setup-test ## processes killed in the middle of their work: N=10000 of them, hours; SEED=… (docs/crash-safety.md)
	$(GO) test -count=1 -timeout 0 ./internal/crash -run '^TestKill$$' -v -args -crash.kills=$(or $(N),10000) -crash.seed=$(or $(SEED),$(shell date +%s))

windows: setup-system ## the MSI, into out/windows
	installer/windows/build.sh $(VERSION) out/windows

linux: setup-test ## the Debian packages of app, server and reporter, and the archive for everybody else, into out/linux
	installer/linux/build.sh $(VERSION) out/linux

bench: setup-system ## benchmarks, beside keepassxc-cli and argon2; docs/performance.md says how to read them
	@sh internal/bench/run.sh

# Temporary files are on the disk, in a folder that ./... passes over: a run that is ended leaves Go files there.
# By itself it ends within the hour, or fails. More accounts take longer.
bench-cloud: setup-system ## what a request costs the server as the accounts grow, beside the bare database, SQLite and PostgreSQL: ACCOUNTS="1000 10000"
	@mkdir -p out/bench/_tmp
	TMPDIR=$(CURDIR)/out/bench/_tmp COFFER_ACCOUNTS="$(or $(ACCOUNTS),300 3000)" COFFER_ROUNDS=3 $(GO) test -tags=x11,system -run '^$$' -bench '^BenchmarkCapacity(Postgres)?$$' -benchtime 300x -timeout $(if $(ACCOUNTS),12h,1h) ./cloud/api | tee out/bench/cloud.txt
	@grep -q '^ok' out/bench/cloud.txt # the end of a pipe hides that its beginning failed
	$(GO) tool benchstat -ignore /round out/bench/cloud.txt

bench-gui: setup-system build ## the window's bars, and KeePassXC's window beside it, under Xvfb without a graphics card: ITEMS="10000 100000"
	@COFFER_PROGRAM=$(CURDIR)/bin/coffer COFFER_ITEMS="$(ITEMS)" sh internal/bench/gui.sh

build: setup-test ## the programs, into bin/
	@mkdir -p bin
	$(GO) build -ldflags "$(STAMP) $(FORGET)" -o bin/ ./app/cmd/...
	$(GO) build -ldflags "$(STAMP)" -o bin/ ./cloud/cmd/... ./updater/cmd/...

setup-%:
	@sh installer/setup/debian.sh $*

clean: ## what the build made
	rm -rf bin out

package main

import (
	"errors"
	"log/slog"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/trust"
)

// newService keeps a system current by releases of one package. Its memory, and what is staged, are in dir. Without trials no version
// is taken back.
func newService(dir, file string, system machine.System, trials *machine.Trials, log *slog.Logger) (*machine.Service, error) {
	root, err := trust.Root()
	if err != nil {
		return nil, err
	}
	for _, p := range policy.Read().Problems {
		log.Warn("a setting of the policy does not hold", "name", p.Name, "reason", p.Reason)
	}
	// Without this line nothing says why the service asks other hosts than those of the organization.
	if _, err := machine.Enrolment(); err != nil {
		log.Warn("the enrolment token is damaged and counts as none", "err", err)
	}
	mirrors := machine.Mirrors()
	if len(mirrors) == 0 {
		return nil, errors.New("neither the policy nor the installation nor this build names a server")
	}
	client, err := updater.New(updater.Config{
		Mirrors: mirrors, Dir: dir, Root: root, Installed: buildinfo.Current(), Log: log, Policy: policy.Read,
		Target:       manifest.Target{Channel: updater.Channel(), Platform: updater.Platform(), File: file},
		KeepPackages: trials != nil,
	})
	if err != nil {
		return nil, err
	}
	service := machine.New(client, system, log)
	if trials == nil {
		return service, nil
	}
	return service, service.TakeBack(trials)
}

// Command coffer-updater is the Windows service CofferUpdater, which keeps a per-machine installation current. It has no options but
// --service, and reads no configuration that a user can write.
package main

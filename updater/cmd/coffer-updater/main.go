// Command coffer-updater keeps an installation for the whole computer current: the service CofferUpdater of Windows, and the daemon of
// launchd on macOS. It has no options but the service's --service, and reads no configuration that a user can write.
package main

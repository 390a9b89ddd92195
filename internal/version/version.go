// Package version names this release.
package version

// Version is the version of kinwire.
const Version = "0.1.0"

// SDK is what Go workers call their SDK in the handshake. Its beginning, SDKName, tells a
// parent that SIGQUIT makes the worker dump its goroutines.
const SDK = SDKName + "/" + Version

// SDKName is SDK without the version.
const SDKName = "kinwire-go"

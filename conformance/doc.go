// Package conformance is the protocol as tests that a worker in any language can be put
// through.
package conformance

// Package examples holds one program for each feature, and a test that runs all of them.
// README.md lists them.
package examples

// Package pool is many workers behind one [exchange.Caller]: they are kept running, each call
// goes to the least busy one, and those that have failed or are used up are replaced.
package pool

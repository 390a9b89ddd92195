// Package repo holds the tests that are about the tree as a whole: which package may
// import which, what the packages export, that what the documents show is true, and what
// no file may hold. It has no code of its own.
package repo

// Package chart draws numbers with characters: tables, bars, columns, and an axis below them.
// It knows nothing of what the numbers mean. Every character that it draws is one cell wide.
package chart

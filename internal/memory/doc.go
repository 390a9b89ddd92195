// Package memory measures how much memory trees of processes need, for all who watch one at
// a time.
//
// The processes of the system are listed once for all trees, and so what belongs to which is
// known whatever has become an orphan: a list costs some microseconds for each process there
// is, be there one tree or a thousand. It has the resident set sizes (RSS) as well, which are
// never below the proportional ones (PSS). Those, which count memory that processes share
// once, take the kernel milliseconds for a large process, and are read only where the former
// are over what somebody cares about.
//
// All of it takes one goroutine, while anything is watched. Lists take 1 % of a processor at
// the most: after each there is none for a hundred times as long as it took, up to a minute,
// so that they become rarer on a system with very many processes. The expensive measures take
// 10 %: after each it rests for nine times as long, so that they are spread out.
package memory

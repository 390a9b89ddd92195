package jobs

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// piece is a part of the output that is kept.
type piece struct {
	path       string
	start, end int64
}

// pieces returns what is kept of the output, in order.
func (d jobDir) pieces() ([]piece, error) {
	names, err := readNames(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, d.notFound() // it was pruned meanwhile
	}
	if err != nil {
		return nil, err
	}
	var all []piece
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, outputPrefix)
		start, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || start < 0 {
			continue
		}
		p := piece{path: d.file(name), start: start}
		info, err := os.Lstat(p.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is kept no more
		}
		if err == nil && !info.Mode().IsRegular() {
			err = notRegular(info)
		}
		if err != nil {
			return nil, damage(p.path, err)
		}
		p.end = p.start + info.Size()
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b piece) int { return cmp.Compare(a.start, b.start) })
	return all, nil
}

// endOf returns where what is kept ends.
func endOf(all []piece) int64 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].end
}

// outputSize returns how much a job has printed, as far as it is kept; 0 if that can't be told.
func (d jobDir) outputSize() int64 {
	all, err := d.pieces()
	if err != nil {
		return 0
	}
	return endOf(all)
}

// runFrom returns how far the output is kept without a gap from an offset on.
func runFrom(all []piece, from int64) int64 {
	for _, p := range all {
		if p.start <= from && from < p.end {
			from = p.end
		}
	}
	return from
}

// runTo returns from where on the output is kept without a gap up to an offset.
func runTo(all []piece, to int64) int64 {
	for _, p := range slices.Backward(all) {
		if p.start < to && to <= p.end {
			to = p.start
		}
	}
	return to
}

// copyOutput writes what is kept of the output from an offset on, and returns the offset after
// it. gap is called where something is left out.
func (d jobDir) copyOutput(w io.Writer, from int64, gap func(int64) error) (next int64, err error) {
	all, err := d.pieces()
	if err != nil {
		return from, err
	}
	for _, p := range all {
		if p.end <= from {
			continue
		}
		if p.start > from {
			if err := gap(p.start - from); err != nil {
				return from, err
			}
			from = p.start
		}
		n, err := p.copy(w, from-p.start)
		from += n
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was kept until a moment ago
		}
		if err != nil {
			return from, err
		}
	}
	return from, nil
}

// copy writes what the file has from an offset on, as far as its end was known.
func (p piece) copy(w io.Writer, offset int64) (int64, error) {
	f, err := openFile(p.path, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(w, io.NewSectionReader(f, offset, p.end-p.start-offset))
}

// readBetween reads what is kept of the output between two offsets, and is so shorter where
// something is not.
func readBetween(all []piece, from, to int64) ([]byte, error) {
	var b []byte
	for _, p := range all {
		begin, end := max(p.start, from), min(p.end, to)
		if begin >= end {
			continue
		}
		f, err := openFile(p.path, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		part, err := io.ReadAll(io.NewSectionReader(f, begin-p.start, end-begin))
		f.Close()
		if err != nil {
			return nil, damage(p.path, err)
		}
		b = append(b, part...)
	}
	return b, nil
}

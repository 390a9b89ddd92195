package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// byteSize is the value of a flag that is a number of bytes.
type byteSize int64

// mostBytes is the largest size.
const mostBytes = 1 << 40

// byteUnits are the suffixes of sizes, the largest first.
var byteUnits = []struct {
	suffix string
	bytes  byteSize
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	number, unit := text, byteSize(1)
	for _, u := range byteUnits {
		if before, ok := strings.CutSuffix(text, u.suffix); ok {
			number, unit = before, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return errors.New("not a size such as 100, 1KiB or 1MiB")
	}
	if n > uint64(mostBytes/unit) {
		return fmt.Errorf("more than %v", byteSize(mostBytes))
	}
	*s = byteSize(n) * unit
	return nil
}

// String implements pflag.Value.
func (s byteSize) String() string {
	for _, u := range byteUnits {
		if s >= u.bytes && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.suffix
		}
	}
	return "0B"
}

// Type implements pflag.Value.
func (byteSize) Type() string { return "size" }

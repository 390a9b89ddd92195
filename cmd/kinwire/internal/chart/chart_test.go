package chart

import (
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "0ns",
		7:                        "7ns",
		999:                      "999ns",
		1000:                     "1.00µs",
		9_994:                    "9.99µs",
		9_995:                    "10.0µs",
		34_560:                   "34.6µs",
		999_499:                  "999µs",
		999_500:                  "1.00ms",
		1_200_000:                "1.20ms",
		61 * time.Second:         "61.0s",
		time.Hour:                "3600s",
		123456 * time.Nanosecond: "123µs",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%d ns are %q, want %q", d, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{
		0:         "0",
		0.001:     "0.00",
		1.234:     "1.23",
		9.994:     "9.99",
		9.996:     "10.0",
		67.84:     "67.8",
		99.96:     "100",
		999.4:     "999",
		999.5:     "1,000",
		123456.7:  "123,457",
		1234567.0: "1,234,567",
	} {
		if got := Number(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		value, most float64
		want        string
	}{
		{0, 10, ""}, {10, 10, "████"}, {5, 10, "██"}, {1, 1e9, "▏"}, {5.4, 10, "██▏"}, {20, 10, "████"}, {0, 0, ""},
	} {
		if got := Bar(c.value, c.most, 4); got != c.want {
			t.Errorf("%v of %v is %q, want %q", c.value, c.most, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for want, values := range map[string][]int64{
		"":         {0, 0},
		"▁▁▄▄  ██": {1, 500, 0, 1000, 0},
		"  ██":     {0, 3},
	} {
		if got := Columns(values, 2); got != want {
			t.Errorf("%v are %q, want %q", values, got, want)
		}
	}
}

func TestAxis(t *testing.T) {
	for want, marks := range map[string][]Mark{
		"":                nil,
		"└1ms   └10ms":    {{0, "1ms"}, {7, "10ms"}},
		"     └5ms  └9ms": {{5, "5ms"}, {0, "1000ms"}, {11, "9ms"}, {12, "no"}, {-3, "no"}},
		"           └1ms": {{11, "1ms"}, {12, "2ms"}, {7, "5ms"}},
	} {
		if got := Axis(marks, 15); got != want {
			t.Errorf("%v are %q, want %q", marks, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	columns := []Column{
		{Head: "n", Cells: []string{"1", "1,000"}},
		{Head: "rate", Cells: []string{"7", "8"}, Spare: 1},
		{Head: "p50", Cells: []string{"1.20ms", "3µs"}, Spare: 2},
		{Head: "p99", Cells: []string{"1s", "-"}},
	}
	for _, c := range []struct {
		width int
		want  string
	}{
		{24, "    n  rate     p50  p99\n    1     7  1.20ms   1s\n1,000     8     3µs    -"},
		{23, "    n  rate  p99\n    1     7   1s\n1,000     8    -"},
		{0, "    n  p99\n    1   1s\n1,000    -"},
	} {
		if got := strings.Join(Table(columns, c.width), "\n"); got != c.want {
			t.Errorf("%d wide:\n%s\nwant\n%s", c.width, got, c.want)
		}
	}
}

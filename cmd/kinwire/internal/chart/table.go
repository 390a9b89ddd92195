package chart

// gap is between the columns of a table.
const gap = "  "

// Column is one column of a table, set to the right.
type Column struct {
	Head  string
	Cells []string
	// Spare is how well one can do without it: 0 stays, and of the others the one with the
	// largest goes first if the table is too wide.
	Spare int
}

// Table sets columns side by side, as many as the width has room for, and returns the lines,
// the first of which is the head. All columns have as many cells.
func Table(columns []Column, width int) []string {
	lines := make([]string, 1+len(columns[0].Cells))
	for i, c := range fitting(columns, width) {
		for row, cell := range Right(c.texts()) {
			if i > 0 {
				lines[row] += gap
			}
			lines[row] += cell
		}
	}
	return lines
}

// fitting leaves out columns until the table is not too wide, or all others must stay.
func fitting(columns []Column, width int) []Column {
	total, sparest := -len(gap), -1
	for i, c := range columns {
		total += widest(c.texts()) + len(gap)
		if c.Spare > 0 && (sparest < 0 || c.Spare > columns[sparest].Spare) {
			sparest = i
		}
	}
	if total <= width || sparest < 0 {
		return columns
	}
	return fitting(append(columns[:sparest:sparest], columns[sparest+1:]...), width)
}

// texts are the head and the cells.
func (c Column) texts() []string { return append([]string{c.Head}, c.Cells...) }

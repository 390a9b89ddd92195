package memory

// group returns 0: there are no groups.
func group(int) int { return 0 }

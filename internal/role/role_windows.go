package role

// There are no roles here.
func playGuardian(uint64) {}
func playLimiter(uint64)  {}

package process

import "os"

// sweep has nothing to do: pipes have no deadlines here.
func sweep(*os.File, []byte, func([]byte)) {}

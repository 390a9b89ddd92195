package process

import "os"

// readAll takes what comes out of a pipe until its end.
func readAll(pipe *os.File, take func([]byte)) error {
	buf := buffers.Get().(*[readSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := pipe.Read(buf[:])
		if n > 0 {
			take(buf[:n])
		}
		if err != nil {
			return err
		}
	}
}

// sweep has nothing to do: pipes have no deadlines here.
func sweep(*os.File, func([]byte)) {}

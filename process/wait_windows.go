package process

import "golang.org/x/sys/windows"

// awaitExit waits until the child has exited. The handle that os.Process holds keeps its
// pid from being reused.
func awaitExit(pid int) error {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	_, err = windows.WaitForSingleObject(h, windows.INFINITE)
	return err
}

package parent

import (
	"os"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A log that can't be written is the host's business: the worker and its calls go on, and the
// end is as good as any.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	spec := program("worker")
	spec.Logger = zap.New(zapcore.NewCore(encoder, full, zapcore.DebugLevel), zap.ErrorOutput(null))
	w := start(t, spec)
	for i := range 100 {
		if err := w.Call(t.Context(), "print", "to nowhere", nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Call(t.Context(), "log", "to nowhere", nil); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := w.Call(t.Context(), "", i, &got); err != nil || got != i {
			t.Fatal(got, err)
		}
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

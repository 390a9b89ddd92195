package pool

import "testing"

// What a worker is told, and its exit report keeps, is the cause that it left for.
func TestWordsOfCauses(t *testing.T) {
	said := make(map[string]Cause)
	for _, c := range []Cause{
		CauseDied, CauseUnresponsive, CauseFailures, CauseAsked, CauseMemory, CauseStuck, CauseUses,
		CauseAge, CauseIdle, CauseReload, CauseDiscard, CauseUnneeded, CauseShutdown,
	} {
		if other, ok := said[c.words()]; ok {
			t.Errorf("%s and %s say the same: %s", c, other, c.words())
		}
		said[c.words()] = c
	}
}

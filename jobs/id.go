package jobs

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

const (
	idTime = 9 // characters for the milliseconds since 1970, which will do for 1,000 years
	idRand = 7
	idSize = idTime + idRand
)

// alphabet has no letter that is taken for another, and sorts as its values do.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// newID returns an id that nothing else has, and that sorts by the time at which it was made.
func newID(now time.Time) string {
	var bits [15]byte // 120 bits are 24 characters, of which the middle ones are left out
	binary.BigEndian.PutUint64(bits[:], uint64(now.UnixMilli())<<(64-5*idTime))
	rand.Read(bits[8:])
	text := encoding.EncodeToString(bits[:])
	return text[:idTime] + text[len(text)-idRand:]
}

// isID reports whether a name is of the form that ids have.
func isID(name string) bool {
	return len(name) == idSize && strings.Trim(name, alphabet) == ""
}

package pool

import (
	"container/list"
	"context"

	"github.com/kinwire/kinwire/exchange"
)

// Sticky returns a caller whose calls all go to the same worker as all others with that key,
// for as long as that worker has its place; then the key gets another one. So what a worker
// keeps for a key is there at the next call, or the worker is another one. Nothing is kept
// of a key whose caller is never called.
//
// A worker is chosen as with Call when the key is used for the first time. When it has no
// room, the call waits for it, as [Queue] bounds it, also if others have.
func (p *Pool) Sticky(key string) exchange.Caller { return sticky{p, want{keyed: true, key: key}} }

type sticky struct {
	p    *Pool
	want want
}

func (s sticky) Call(ctx context.Context, method string, in, out any) error {
	return s.p.call(ctx, s.want, method, in, out)
}

func (s sticky) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	return s.p.open(ctx, s.want, method, in)
}

// keys remembers which member has which key.
type keys struct {
	byKey map[string]*list.Element
	used  list.List // of *binding, the last used first
}

type binding struct {
	key string
	m   *member
}

// find returns the member that has a key, or nil.
func (k *keys) find(key string) *member {
	if e := k.byKey[key]; e != nil {
		return e.Value.(*binding).m
	}
	return nil
}

// bind gives a key to a member, and forgets others while there are more than most; any
// number may be if that is negative.
func (k *keys) bind(key string, m *member, most int) {
	if e := k.byKey[key]; e != nil {
		e.Value.(*binding).m = m
		k.used.MoveToFront(e)
		return
	}
	if k.byKey == nil {
		k.byKey = map[string]*list.Element{}
	}
	k.byKey[key] = k.used.PushFront(&binding{key, m})
	for most >= 0 && k.used.Len() > most {
		k.drop(k.used.Back())
	}
}

// forget gives up all keys of a member.
func (k *keys) forget(m *member) {
	for e := k.used.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*binding).m == m {
			k.drop(e)
		}
		e = next
	}
}

func (k *keys) drop(e *list.Element) {
	delete(k.byKey, e.Value.(*binding).key)
	k.used.Remove(e)
}

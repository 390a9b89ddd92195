package wire

import "fmt"

// Rule names a rule of the protocol whose violation is fatal. SPEC.md lists them.
type Rule string

// The rules.
const (
	RuleFrameLength Rule = "frame-length" // a length of 0, or over the limit
	RuleBodyArray   Rule = "body-array"   // a body that is no array, or an empty one
	RuleBodyCut     Rule = "body-cut"     // a body that ends inside a value, or promises more items than fit
	RuleBodyRest    Rule = "body-rest"    // bytes behind the body's array
	RuleBodyByte    Rule = "body-byte"    // 0xc1, which is no msgpack
	RuleBodyDepth   Rule = "body-depth"   // more than MaxDepth levels
	RuleElement     Rule = "element-type" // an envelope element of the wrong type or out of its range
	RuleID          Rule = "exchange-id"  // id 0, a wrong parity, or an id that is open already
	RuleSender      Rule = "sender"       // a message that the sender may not send
	RuleOrder       Rule = "order"        // a message that may not come yet, or not again
	RuleHostCall    Rule = "host-call"    // an opening Input from a child without host-call
	RuleCredit      Rule = "credit"       // sending without credit
	RuleMaxFrame    Rule = "max-frame"    // a max_frame under LeastMaxFrame
)

// Rules are all rules, in the order of SPEC.md.
var Rules = []Rule{
	RuleFrameLength, RuleBodyArray, RuleBodyCut, RuleBodyRest, RuleBodyByte, RuleBodyDepth, RuleElement,
	RuleID, RuleSender, RuleOrder, RuleHostCall, RuleCredit, RuleMaxFrame,
}

// Violation is a breach of the protocol by the other side. It is fatal: a worker prints
// it and exits with [ExitViolation], a parent kills the worker.
type Violation struct {
	Rule Rule
	// Offset is where in the frame it was found, counted from the first byte of the
	// length; the body begins at 4. Breaches that are no single byte's are at 0.
	Offset int
	// Detail says what was found there.
	Detail string
}

// Error names the rule, the offset and what was found.
func (v *Violation) Error() string {
	return fmt.Sprintf("protocol violation: %s at byte %d of the frame: %s", v.Rule, v.Offset, v.Detail)
}

// Violatef makes a violation that no single byte is to blame for.
func Violatef(rule Rule, format string, args ...any) *Violation {
	return &Violation{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// HeaderSize is the size of a frame's length, and so the offset of its body.
const HeaderSize = 4

// violation makes a violation at an offset of the body.
func violation(rule Rule, at int, format string, args ...any) *Violation {
	return &Violation{Rule: rule, Offset: HeaderSize + at, Detail: fmt.Sprintf(format, args...)}
}

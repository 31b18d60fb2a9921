package model

// TokenCounter is met by models that can count tokens, as [local.Model] can.
// It is safe for concurrent use.
type TokenCounter interface {
	// CountTokens is the length of the prompt that Chat makes of these messages.
	CountTokens(messages []Message) (int, error)
	// CountText is the length of a plain text, without the tokens that the
	// vocabulary puts around one.
	CountText(text string) (int, error)
	// ContextTokens is the length of the context: prompt and answer together.
	ContextTokens() int
}

// Hasher is met by models that can identify their weights.
type Hasher interface {
	// Hash returns the hex SHA-256 of the weights, or "" if it is not known.
	Hash() string
}

// Limiter is met by models that limit how many requests run at once.
type Limiter interface {
	// Concurrency returns how many requests the model runs at the same time.
	Concurrency() int
}

// Wrapper is met by models that stand in front of another one and add to it
// without hiding what it can do, such as [cache.Model].
type Wrapper interface {
	Unwrap() Model
}

// As returns m as a T, such as [TokenCounter] or [Scorer], if m or a model that
// it wraps can do that. Like errors.As, it looks at m first, then lets a method
// As(any) bool decide, then unwraps.
func As[T any](m Model) (able T, ok bool) {
	for m != nil {
		if able, ok = m.(T); ok {
			return able, true
		}
		if finder, finds := m.(interface{ As(target any) bool }); finds && finder.As(&able) {
			return able, true
		}
		wrapper, wraps := m.(Wrapper)
		if !wraps {
			break
		}
		m = wrapper.Unwrap()
	}
	return able, false
}

package ragft

// kindError is an error that is of a kind, such as [ErrConfig], and says what err says.
type kindError struct{ kind, err error }

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

// kindOf makes err an error of a kind.
func kindOf(kind, err error) error { return &kindError{kind, err} }

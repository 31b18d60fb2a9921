// Package retry repeats requests to a server that may succeed on another try,
// and runs several requests at the same time. It knows HTTP, but no vendor.
package retry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/ragft/ragft/ragft/opt"
)

// Policy says how often and after what wait a request is tried again.
type Policy struct {
	retries int           // further tries
	backoff time.Duration // before the first of them, doubled each time
	timeout time.Duration // of one try

	// Status returns the HTTP status of an error of the vendor's own client, 0 if
	// it is not one; nil = there are no such errors.
	Status func(error) int
}

const maxBackoff = time.Minute

// New fills in what the options of a model leave open: 3 retries, 500 ms
// before the first, and 10 minutes for a try. Negative numbers are errors.
func New(retries opt.Value[int], backoff, timeout time.Duration) (Policy, error) {
	p := Policy{retries: retries.Or(3), backoff: cmp.Or(backoff, 500*time.Millisecond), timeout: cmp.Or(timeout, 10*time.Minute)}
	switch {
	case p.retries < 0:
		return p, fmt.Errorf("option Retries is %d; it must be 0 or more", p.retries)
	case p.backoff < 0:
		return p, fmt.Errorf("option Backoff is %v; it must be 0 or more", p.backoff)
	case p.timeout < 0:
		return p, fmt.Errorf("option Timeout is %v; it must be 0 or more", p.timeout)
	}
	return p, nil
}

// FinalError is an error that must not be tried again.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }

func (e *FinalError) Unwrap() error { return e.Err }

// ErrTimeout means that a try took longer than its time limit.
var ErrTimeout = errors.New("the server did not answer in time")

// Do calls try until it succeeds, fails for good, or the retries are used up.
func (p Policy) Do(ctx context.Context, try func(context.Context) error) error {
	wait := min(p.backoff, maxBackoff)
	for left := p.retries; ; left-- {
		err := p.once(ctx, try)
		if err == nil || left <= 0 || ctx.Err() != nil || !p.temporary(err) {
			return err
		}
		// Half of the wait is random, so that clients that failed together do not come back together.
		pause := wait/2 + rand.N(wait/2+1)
		var status *StatusError
		if errors.As(err, &status) && status.RetryAfter > 0 {
			pause = min(status.RetryAfter, maxBackoff)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		wait = min(2*wait, maxBackoff)
	}
}

func (p Policy) once(ctx context.Context, try func(context.Context) error) error {
	limited, cancel := context.WithTimeoutCause(ctx, p.timeout, ErrTimeout)
	defer cancel()
	err := try(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		// The context's own error must not show: the caller would think that his own context had ended.
		timeout := fmt.Errorf("%w (%v)", ErrTimeout, p.timeout)
		var final *FinalError
		if errors.As(err, &final) {
			return &FinalError{timeout}
		}
		return timeout
	}
	return err
}

// StatusError is a server's refusal.
type StatusError struct {
	Code       int
	Message    string
	Param      string        // field of the request that it is about
	Forbidden  []string      // fields of the request that the server does not take
	Kind       string        // the API's code, such as "model_not_found"
	RetryAfter time.Duration // that the server asks for; 0 = none
}

func (e *StatusError) Error() string {
	if e.Code == http.StatusOK {
		return "the server reports: " + e.Message
	}
	return fmt.Sprintf("%d %s: %s", e.Code, http.StatusText(e.Code), e.Message)
}

// HTTPStatus returns the status of a server's refusal, 0 for other errors.
func HTTPStatus(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code
	}
	return 0
}

// After returns how long the header of a refusal asks to wait, 0 if it does not.
func After(header http.Header) time.Duration {
	after := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return time.Until(at)
	}
	return 0
}

// temporary reports whether an error may pass by itself. A refused connection
// is not temporary: a server that is not running does not start by being asked.
func (p Policy) temporary(err error) bool {
	own := 0 // status of the vendor's client
	if p.Status != nil {
		own = p.Status(err)
	}
	var final *FinalError
	var refusal *StatusError
	var netError net.Error
	switch {
	case errors.As(err, &final), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case errors.As(err, &refusal): // as OpenAI's clients do
		return refusal.Code >= http.StatusInternalServerError ||
			slices.Contains([]int{http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests}, refusal.Code)
	case own != 0: // its 500 may be of what stays as it is, such as a model that does not fit into memory
		return slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout}, own)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, ErrTimeout):
		return true
	}
	return errors.As(err, &netError) && netError.Timeout()
}

// IsRefusedRequest reports a status with which a server refuses a request that
// another server would refuse, too.
func IsRefusedRequest(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// IsDown reports that no connection to the server could be made.
func IsDown(err error) bool {
	var opError *net.OpError
	return errors.As(err, &opError) && opError.Op == "dial"
}

package retry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/ragft/ragft/ragft/model"
)

// retryPolicy says how often and after what wait a request is tried again.
type Policy struct {
	retries int           // further tries; negative = none
	backoff time.Duration // before the first of them, doubled each time
	timeout time.Duration // of one try; 0 = none

	// status is the HTTP status of an error of the vendor's own client; nil or 0
	// = it is none.
	Status func(error) int
}

const (
	defaultRetries = 3
	defaultBackoff = 500 * time.Millisecond
	defaultTimeout = 10 * time.Minute
	maxBackoff     = time.Minute
)

// newRetryPolicy fills in what the options of a model leave open.
func New(retries int, backoff, timeout time.Duration) Policy {
	p := Policy{retries: retries, backoff: backoff, timeout: max(timeout, 0)}
	if retries == 0 {
		p.retries = defaultRetries
	}
	if backoff <= 0 {
		p.backoff = defaultBackoff
	}
	if timeout == 0 {
		p.timeout = defaultTimeout
	}
	return p
}

// finalError is not to be tried again.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }

func (e *FinalError) Unwrap() error { return e.Err }

// errTimeout is the cause of a try's end by its time limit.
var ErrTimeout = errors.New("the server did not answer in time")

// do calls try until it succeeds, fails for good, or the tries are used up.
func (p Policy) Do(ctx context.Context, try func(context.Context) error) error {
	wait := p.backoff
	for left := p.retries; ; left-- {
		err := p.once(ctx, try)
		if err == nil || left <= 0 || ctx.Err() != nil || !p.transient(err) {
			return err
		}
		// Half of the wait is chance, so that clients that failed together do not come back together.
		pause := min(wait, maxBackoff)
		pause = pause/2 + rand.N(pause/2+1)
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
		wait *= 2
	}
}

func (p Policy) once(ctx context.Context, try func(context.Context) error) error {
	if p.timeout <= 0 {
		return try(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, p.timeout, ErrTimeout)
	defer cancel()
	err := try(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		// The context's own error must not show: the caller would take it for the end of his.
		timeout := fmt.Errorf("%w (%v)", ErrTimeout, p.timeout)
		var final *FinalError
		if errors.As(err, &final) {
			return &FinalError{timeout}
		}
		return timeout
	}
	return err
}

// statusError is a server's refusal.
type StatusError struct {
	Code       int
	Message    string
	Param      string        // field that it is about
	Kind       string        // the API's code, such as "model_not_found"
	RetryAfter time.Duration // that the server asks for; 0 = none
}

func (e *StatusError) Error() string {
	if e.Code == http.StatusOK {
		return "the server reports: " + e.Message
	}
	return fmt.Sprintf("%d %s: %s", e.Code, http.StatusText(e.Code), e.Message)
}

// httpStatus is the status of a server's refusal; 0 = it was none.
func HttpStatus(err error) int {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code
	}
	return 0
}

// transient reports an error that may pass by itself. A refused connection is
// none: a server that is not running does not start by being asked.
func (p Policy) transient(err error) bool {
	status := HttpStatus(err)
	if status == 0 && p.Status != nil {
		status = p.Status(err)
	}
	var final *FinalError
	var netError net.Error
	switch {
	case errors.As(err, &final), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case status != 0:
		switch status {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
			http.StatusGatewayTimeout:
			return true
		}
		return false
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, ErrTimeout):
		return true
	}
	return errors.As(err, &netError) && netError.Timeout()
}

// isRefusedRequest reports a status with which a server refuses a request that
// another server would refuse as well.
func IsRefusedRequest(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// isDown reports that no connection to the server came about.
func IsDown(err error) bool {
	var opError *net.OpError
	return errors.As(err, &opError) && opError.Op == "dial"
}

// sampleFunc generates one sample of a request and tells the length of its prompt.
type sampleFunc func(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error)

// chatBySample answers requests with a call for each of their samples, as many
// at a time as slots holds. The first error ends the others.
func ChatBySample(ctx context.Context, slots chan struct{}, reqs []model.Request, generate sampleFunc) ([]model.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	responses := make([]model.Response, len(reqs))
	var wg sync.WaitGroup
	var mu sync.Mutex // guards PromptTokens, which the samples of a request share
	for i, req := range reqs {
		req, err := req.WithDefaults()
		if err != nil {
			cancel(err)
			break
		}
		responses[i].Samples = make([]model.Sample, req.Samples)
		for j := range responses[i].Samples {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				continue
			}
			wg.Go(func() {
				defer func() { <-slots }()
				sample, promptTokens, err := generate(ctx, req, j)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				responses[i].Samples[j] = sample
				responses[i].PromptTokens = max(responses[i].PromptTokens, promptTokens)
			})
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return responses, nil
}

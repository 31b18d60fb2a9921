package retry

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestManyRetries has so many that doubled waits would not fit a number.
func TestManyRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Policy{retries: 200, backoff: time.Second, timeout: time.Hour}
		tries, begin := 0, time.Now()
		err := p.Do(t.Context(), func(context.Context) error {
			tries++
			return &StatusError{Code: http.StatusServiceUnavailable}
		})
		var status *StatusError
		require.True(t, errors.As(err, &status))
		require.Equal(t, 201, tries)
		require.Greater(t, time.Since(begin), 190*maxBackoff/2)
		require.Less(t, time.Since(begin), 200*maxBackoff)
	})
}

package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// ragftRun runs a command line in this process.
func ragftRun(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

package ragft

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"syscall"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
)

// kinds are the errors that a worker's may be of, by package and name. worker_cgo.go adds those of llama.cpp.
var kinds = map[string]error{
	"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
	"fs.ErrNotExist": fs.ErrNotExist, "fs.ErrExist": fs.ErrExist, "fs.ErrPermission": fs.ErrPermission,
	"ragft.ErrConfig": ErrConfig, "ragft.ErrInput": ErrInput, "ragft.ErrMissing": ErrMissing, "ragft.ErrEmpty": ErrEmpty,
	"ragft.ErrBusy":         ErrBusy,
	"retriever.ErrBadChunk": retriever.ErrBadChunk, "retriever.ErrBadLine": retriever.ErrBadLine,
	"retriever.ErrChanged": retriever.ErrChanged, "retriever.ErrClosed": retriever.ErrClosed,
	"retriever.ErrCorrupt": retriever.ErrCorrupt, "retriever.ErrEmpty": retriever.ErrEmpty,
	"retriever.ErrExists": retriever.ErrExists, "retriever.ErrLocked": retriever.ErrLocked,
	"retriever.ErrNotFound": retriever.ErrNotFound, "retriever.ErrNotIndex": retriever.ErrNotIndex,
	"retriever.ErrOptions": retriever.ErrOptions, "retriever.ErrVersion": retriever.ErrVersion,
	"question.ErrNone":  question.ErrNone,
	"dataset.ErrFormat": dataset.ErrFormat,
	"recipe.ErrInput":   recipe.ErrInput,
	"judge.ErrUnread":   judge.ErrUnread,
	"model.ErrNoScores": model.ErrNoScores, "model.ErrNotFound": model.ErrNotFound, "model.ErrPromptTooLong": model.ErrPromptTooLong,
	"model.ErrRequest": model.ErrRequest, "model.ErrUnauthorized": model.ErrUnauthorized,
	"model.ErrUnavailable":    model.ErrUnavailable,
	"assistant.ErrNoSettings": assistant.ErrNoSettings, "assistant.ErrQuestion": assistant.ErrQuestion,
	"abstain.ErrConditions": abstain.ErrConditions, "abstain.ErrTooFew": abstain.ErrTooFew,
	"confidence.ErrConditions": confidence.ErrConditions, "confidence.ErrNoGuarantee": confidence.ErrNoGuarantee,
	"confidence.ErrUncalibrated": confidence.ErrUncalibrated,
	"reading.ErrTooLittleText":   reading.ErrTooLittleText,
}

// failure is an error on its way from a worker.
type failure struct {
	Message string        `json:"message"`
	Kinds   []string      `json:"kinds,omitempty"` // keys of kinds that it is
	Errno   syscall.Errno `json:"errno,omitempty"` // of the system, 0 for none
}

func failureOf(err error) *failure {
	f := &failure{Message: err.Error()}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if errors.Is(err, kinds[name]) {
			f.Kinds = append(f.Kinds, name)
		}
	}
	errors.As(err, &f.Errno)
	return f
}

// err is the error again, as far as [errors.Is] looks at it.
func (f *failure) err() error {
	e := &remoteError{text: f.Message}
	for _, name := range f.Kinds {
		if kind := kinds[name]; kind != nil { // a build without llama.cpp has fewer
			e.is = append(e.is, kind)
		}
	}
	if f.Errno != 0 {
		e.is = append(e.is, f.Errno)
	}
	return e
}

// remoteError is an error that a worker returned.
type remoteError struct {
	text string
	is   []error
}

func (e *remoteError) Error() string   { return e.text }
func (e *remoteError) Unwrap() []error { return e.is }

// isOutOfMemory says whether memory was lacking.
func isOutOfMemory(err error) bool {
	kind := kinds["lora.ErrMemory"]
	return errors.Is(err, syscall.ENOMEM) || kind != nil && errors.Is(err, kind)
}

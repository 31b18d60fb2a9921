package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Recipe turns an index, questions or a corpus, and a model into training rows.
//
// A recipe's fields are its options; the zero value of each is usable. Rows
// depend on the recipe, its input and the model alone. When ctx ends, Rows
// returns its error; with a cache (package model/cache) the next run continues
// where this one stopped.
type Recipe interface {
	// Name names the recipe in a word. It is the Source of its rows.
	Name() string
	// Estimate is the most that Rows costs, known before anything is generated.
	// Input or options that Rows cannot use are an error here already.
	Estimate(in Input) (model.Cost, error)
	// Rows makes the rows.
	Rows(ctx context.Context, in Input) (*Result, error)
}

// Result is what a recipe made.
type Result struct {
	Rows []rows.Row
	// Dropped counts what gave no row by the reason: questions that are
	// "unanswerable" and no refusal is taught, have "no-passage" that the search
	// finds, have "no-oracle" (no passage with a sentence that holds the answer),
	// are "too-long" for the model's context, or have "no-refusal" that could be
	// taught; and texts that are a "duplicate", a "near-duplicate" or too
	// "short". Recipes of other packages may name more.
	Dropped map[string]int
	// Refusal is the text with which the rows decline, where the recipe chose one
	// for all of them; "" = it did not.
	Refusal string
	Cost    model.Cost
}

// ErrInput means that a recipe cannot make rows of its input: something that it
// needs is missing, or there is too little of it. The message says what to do.
var ErrInput = errors.New("the recipe cannot use its input")

// inputError is an [ErrInput] with a message of its own.
type inputError struct{ error }

func (e inputError) Is(target error) bool { return target == ErrInput }
func (e inputError) Unwrap() error        { return e.error }

// errNoModel is a single value, so that callers can tell it by errors.Is from
// what else is missing.
var errNoModel = inputError{errors.New("there is no model: set Input.Model")}

func inputErrorf(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// named puts the name of the recipe before an error.
func named(r Recipe, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name(), err)
	}
	return nil
}

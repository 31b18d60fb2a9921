package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"reflect"

	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// provenance is what the rows of a recipe say about their making: with which
// options, and, where a model wrote the row, by which.
func (in Input) Provenance(recipe Recipe, wrote model.Model) rows.Provenance {
	p := rows.Provenance{Version: version.Version, Prompts: in.Prompts.Hash(), Template: in.Prompts.Template.Label(), Seed: in.Seed, Options: RecipeOptions(recipe, in.Passages)}
	if wrote != nil {
		p.Model, p.ModelHash = wrote.Name(), rows.ModelHash(wrote)
	}
	return p
}

// recipeOptions is the JSON of options by their names, in the order of the
// alphabet: numbers, words and switches that are not zero, and of longer text
// its hash; the system messages that candidates were generated with are whole,
// since nothing else has them. Other lists and models are left out, and what
// provenance says elsewhere.
// passages is what the input says for a recipe without a number of its own.
func RecipeOptions(recipe any, passages int) json.RawMessage {
	options := map[string]any{}
	addOptions(options, reflect.ValueOf(recipe))
	if _, ok := recipe.(Gold); ok {
		options["Passages"] = passages
	}
	data, _ := json.Marshal(options) // numbers, words and switches always can be
	return data
}

func addOptions(options map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() || name == "Prompts" || name == "Seed" || name == "Batch" {
			continue
		}
		if name == "ClosedPrompts" || name == "ReadPrompts" {
			options[name] = field.Interface()
			continue
		}
		switch field.Kind() {
		case reflect.Struct:
			if name == "Judge" && field.FieldByName("Model").IsNil() {
				continue // without a model nothing is judged, whatever the other options are
			}
			nested := map[string]any{}
			addOptions(nested, field)
			if len(nested) > 0 {
				options[name] = nested
			}
		case reflect.Float64:
			if f := field.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
				options[name] = f
			}
		case reflect.String:
			text := field.String()
			if len(text) > 64 {
				sum := sha256.Sum256([]byte(text))
				text = "sha256:" + hex.EncodeToString(sum[:8])
			}
			options[name] = text
		case reflect.Bool, reflect.Int:
			options[name] = field.Interface()
		}
	}
}

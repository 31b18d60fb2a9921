//go:build cgo

package lora

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"reflect"
	"strconv"

	"github.com/ragft/ragft/internal/version"
)

// provenance is what the adapter's file says about its making, by key: see Provenance. Config.Metadata comes last, so
// that callers who know more than tokens can say it.
func (t *Trainer) provenance() (map[string]string, error) {
	recipe, err := t.config.recipe()
	if err != nil {
		return nil, err
	}
	about := map[string]string{
		"base.sha256": t.modelHash,
		"recipe":      recipe,
		"version":     version.Version,
		"seed":        strconv.FormatUint(t.config.Seed, 10),
		"steps":       strconv.FormatInt(t.step, 10),
	}
	if t.dataHash != "" {
		about["data.sha256"] = t.dataHash
	}
	if t.startHash != "" {
		about["start.sha256"] = t.startHash
	}
	maps.Copy(about, t.config.Metadata)
	return about, nil
}

// recipe is what of the Config changes the result, as JSON: fields that are set, by name.
func (c Config) recipe() (string, error) {
	fields := make(map[string]any)
	c.ScoreID = "" // says nothing to a reader
	v := reflect.ValueOf(c.decisive())
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if f.IsZero() {
			continue
		}
		switch x := f.Interface().(type) {
		case json.Marshaler: // opt.Value
			fields[name] = x
		case fmt.Stringer:
			fields[name] = x.String()
		default:
			fields[name] = x
		}
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return "", fmt.Errorf("lora: writing the recipe: %w", err)
	}
	return string(out), nil
}

// digest identifies what is learnt from the examples: it is the SHA-256 of examples in hexadecimal.
func digest(examples []Example) string {
	h := sha256.New()
	addExamples(h, examples)
	return hex.EncodeToString(h.Sum(nil))
}

func addExamples(h hash.Hash, examples []Example) {
	fmt.Fprintln(h, len(examples))
	for i := range examples {
		e := &examples[i]
		fmt.Fprintln(h, len(e.Branches), e.Pairs, e.Reference, e.Weight)
		for _, b := range append([]Branch{{e.Tokens, e.Loss}}, e.Branches...) {
			fmt.Fprintln(h, len(b.Tokens), len(b.Loss))
			binary.Write(h, binary.LittleEndian, b.Tokens)
			binary.Write(h, binary.LittleEndian, b.Loss)
		}
		if e.Soft != nil {
			fmt.Fprintln(h, e.SoftShare, e.Soft)
		}
	}
}

package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Provenance is what a row says about its making: prompts, seed, the options of
// the recipe by their keys, and, if a model wrote something of the row, which.
//
// Options are numbers, switches, texts, lists of texts, and maps of these, with
// defaults filled in. What is zero is left out, and a text of more than 64 bytes
// is replaced by its hash; texts in lists are kept whole.
func (in Input) Provenance(options map[string]any, wrote model.Model) rows.Provenance {
	p := rows.Provenance{Version: version.Version, Prompts: in.Prompts.Hash(), Template: in.Prompts.Template.Label(), Seed: in.Seed,
		Options: optionsJSON(options)}
	if wrote != nil {
		p.Model, p.ModelHash = wrote.Name(), modelHash(wrote)
	}
	return p
}

func optionsJSON(options map[string]any) json.RawMessage {
	data, err := json.Marshal(brief(options))
	if err != nil { // a number that JSON does not have: recipes refuse such options
		return nil
	}
	return data
}

// brief leaves out what is zero and shortens long texts.
func brief(options map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range options {
		switch v := value.(type) {
		case map[string]any:
			if nested := brief(v); len(nested) > 0 {
				out[key] = nested
			}
		case []string:
			if len(v) > 0 {
				out[key] = v
			}
		case string:
			if len(v) > 64 {
				sum := sha256.Sum256([]byte(v))
				v = "sha256:" + hex.EncodeToString(sum[:8])
			}
			if v != "" {
				out[key] = v
			}
		case int:
			if v != 0 {
				out[key] = v
			}
		case float64:
			if v != 0 {
				out[key] = v
			}
		case bool:
			if v {
				out[key] = v
			}
		default:
			out[key] = v
		}
	}
	return out
}

// modelHash asks the model for the hash of its weights, and otherwise hashes its
// name.
func modelHash(m model.Model) string {
	if hasher, ok := model.As[model.Hasher](m); ok {
		if hash := hasher.Hash(); hash != "" {
			return hash
		}
	}
	sum := sha256.Sum256([]byte(m.Name()))
	return hex.EncodeToString(sum[:])
}

package ragft

import (
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/searchtune"
	"github.com/ragft/ragft/retriever"
)

// IndexResult is what [Project.Index] did.
type IndexResult struct {
	Index     string           `json:"index"` // its folder
	Files     int              `json:"files"`
	Documents int              `json:"documents"`
	Bytes     int64            `json:"bytes"`
	Passages  int              `json:"passages"` // in the index now
	Added     int              `json:"added"`    // new files
	Changed   int              `json:"changed"`  // files that were indexed again
	Unchanged int              `json:"unchanged"`
	Removed   int              `json:"removed"`        // passages of files that are gone, empty or no longer documents
	Kept      []retriever.Skip `json:"kept,omitempty"` // what could not be read, and keeps its passages
	Skipped   []retriever.Skip `json:"skipped"`
	Vectors   int              `json:"vectors,omitempty"`    // of passages, by Config.Search.Embed
	Embedded  int              `json:"embedded,omitempty"`   // of them made now
	UpToDate  bool             `json:"up_to_date,omitempty"` // nothing was done
}

// QuestionsResult is what [Project.Questions] did.
type QuestionsResult struct {
	File         string         `json:"file,omitempty"` // empty in an estimate
	Questions    int            `json:"questions"`
	Unanswerable int            `json:"unanswerable"`
	Passages     int            `json:"passages,omitempty"` // asked about, or taken from a data set
	LeftOut      map[string]int `json:"left_out,omitempty"` // by reason
	Tokens       int            `json:"tokens,omitempty"`
	Estimate     model.Cost     `json:"estimate,omitzero"` // at most
	Cost         model.Cost     `json:"cost,omitzero"`
	UpToDate     bool           `json:"up_to_date,omitempty"` // nothing was done
}

// DemonstrateResult is what [Project.Demonstrate] did.
type DemonstrateResult struct {
	Recipe   string             `json:"recipe"`
	File     string             `json:"file,omitempty"` // of the rows; empty in an estimate
	Rows     int                `json:"rows"`
	Kinds    map[string]int     `json:"kinds,omitempty"`   // of the rows
	Sources  map[string]int     `json:"sources,omitempty"` // of the rows
	Made     map[string]int     `json:"made,omitempty"`    // rows by who wrote their target, as [rows.Row.Made]; without preferences
	Refusal  string             `json:"refusal,omitempty"` // with which the rows decline, where the recipe chose one for all
	Dropped  map[string]int     `json:"dropped,omitempty"` // questions, by reason
	Prompts  *PromptSearch      `json:"prompts,omitempty"` // nil without a search for prompts
	Audit    *judge.AuditResult `json:"audit,omitempty"`   // of the judge; nil if none was asked for
	Probes   []string           `json:"probes,omitempty"`  // files with questions that memory kept for the evaluation
	Estimate model.Cost         `json:"estimate"`          // at most
	Cost     model.Cost         `json:"cost"`
	UpToDate bool               `json:"up_to_date,omitempty"` // nothing was done
}

// PromptSearch is what a search for instructions found.
type PromptSearch struct {
	Estimate        model.Cost `json:"estimate"` // at most
	*selfdemo.Found            // nil in an estimate
}

// TrainResult is what [Project.Train] did. Losses are in nats per token; one
// that was not measured is nil.
type TrainResult struct {
	Adapter        string             `json:"adapter"`
	Rows           int                `json:"rows"`
	ValidationRows int                `json:"validation_rows"` // rows that were not trained on
	TooLong        int                `json:"too_long"`        // rows left out
	Truncated      int                `json:"truncated"`
	Soft           int                `json:"soft,omitempty"`    // rows that the model taught itself, of both kinds
	Anchors        int                `json:"anchors,omitempty"` // passages that held the adapter to the model, besides
	Steps          int                `json:"steps"`
	Resumed        int                `json:"resumed"`        // steps done by an earlier run
	Skipped        int                `json:"skipped"`        // steps left out
	Stopped        bool               `json:"stopped"`        // before the last epoch ended
	Rose           string             `json:"rose,omitempty"` // source whose loss rose too far, which stopped it
	BestStep       int                `json:"best_step"`
	Loss           *float64           `json:"loss"`
	BaseLoss       *float64           `json:"base_loss"`       // of the validation rows, before
	ValidationLoss *float64           `json:"validation_loss"` // of the validation rows, with the adapter
	Tokens         int                `json:"tokens"`
	Seconds        float64            `json:"seconds"`
	Fill           float64            `json:"fill"`   // of the windows, with tokens
	Memory         TrainMemory        `json:"memory"` // also in an estimate
	Rank           int                `json:"rank"`
	Epochs         int                `json:"epochs"`
	Rate           float64            `json:"rate"`
	Metrics        string             `json:"metrics"` // file with the losses of each step
	BySource       map[string]float64 `json:"validation_loss_by_source,omitempty"`
	BaseBySource   map[string]float64 `json:"base_loss_by_source,omitempty"`
	Layouts        []string           `json:"layouts,omitempty"`    // of the prompts with passages
	UpToDate       bool               `json:"up_to_date,omitempty"` // nothing was done

	// Choice says how Train.Keep "answers" chose the adapter among those of several steps. If it is nil, none was chosen so, and
	// NoChoice says why.
	Choice   *TrainChoice `json:"choice,omitempty"`
	NoChoice string       `json:"no_choice,omitempty"`

	// Rule is that by which the tuned model abstains, also in the adapter; nil if none could be fitted, and NoRule says why.
	Rule   *abstain.Rule `json:"rule,omitempty"`
	NoRule string        `json:"no_rule,omitempty"`
}

// TrainChoice is how a checkpoint was chosen: by prompts that are neither in a row nor used to fit the rule. A score counts,
// where a shown passage holds the answer, the correct minus the incorrect answers, and, where none does, the questions that
// were declined; it is the sum of the two.
type TrainChoice struct {
	Held    int              `json:"held"`    // prompts with a passage that holds the answer
	Without int              `json:"without"` // prompts without one
	Scores  []trainlog.Score `json:"scores"`  // by step
	Seconds float64          `json:"seconds"` // of TrainResult.Seconds
}

// TrainMemory is what training holds, in bytes.
type TrainMemory struct {
	Total       uint64 `json:"total"`
	Weights     uint64 `json:"weights"`
	Adapter     uint64 `json:"adapter"`
	Optimiser   uint64 `json:"optimiser"`
	Context     uint64 `json:"context"`
	Activations uint64 `json:"activations"`
	Logits      uint64 `json:"logits"`
}

// SearchResult is what [Project.TuneSearch] learnt.
type SearchResult struct {
	File               string     `json:"file,omitempty"` // empty where the search is left as it was
	Estimate           model.Cost `json:"estimate"`       // at most
	*searchtune.Result            // nil in an estimate
	// Meaning is the weight of the similarity in meaning that was learnt, nil where there is no embedding model or search.weight
	// is set.
	Meaning  *searchtune.Meaning `json:"meaning,omitempty"`
	UpToDate bool                `json:"up_to_date,omitempty"` // nothing was done
}

// MergeResult is what [Project.Merge] wrote. A divergence that was not measured
// is nil.
type MergeResult struct {
	Output    string   `json:"output"`
	Changed   int      `json:"changed"` // weights
	Copied    int      `json:"copied"`
	Bytes     int64    `json:"bytes"`
	OtherBase bool     `json:"other_base"` // the adapter was trained on another file
	KL        *float64 `json:"kl"`         // of the merged model from base and adapter, nats a token
	AdapterKL *float64 `json:"adapter_kl"` // of the base from base and adapter
	SameToken *float64 `json:"same_token"` // share of the places with the same likeliest token
}

// ConvertResult is what [Project.Convert] wrote.
type ConvertResult struct {
	Model   string `json:"model"` // the file that was converted
	Output  string `json:"output"`
	Type    string `json:"type"`    // of the matrices
	Changed int    `json:"changed"` // tensors that were encoded again
	Copied  int    `json:"copied"`  // tensors that are the same to the byte
	Before  int64  `json:"before"`  // bytes of the tensors of Model
	Bytes   int64  `json:"bytes"`   // bytes of the tensors of Output
}

// ExportResult is what [Project.Export] wrote.
type ExportResult struct {
	Format   string   `json:"format"`
	Folder   string   `json:"folder"`
	Adapter  string   `json:"adapter,omitempty"` // read or written
	Rows     int      `json:"rows,omitempty"`
	Pairs    int      `json:"pairs,omitempty"`
	Texts    int      `json:"texts,omitempty"`
	Weighted int      `json:"weighted,omitempty"` // rows whose weight the trainers do not know
	Start    []string `json:"start,omitempty"`    // what the trainer is started with
}

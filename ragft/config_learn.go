package ragft

import "github.com/ragft/ragft/ragft/opt"

// DemonstrateConfig is how training rows are made of the questions that are
// not held out. Each recipe has a section; those of recipes that are not
// chosen are not used.
type DemonstrateConfig struct {
	// Recipe names what makes the rows: verified, self-demo, gold, ralt, raft,
	// memory or pretrain. Several are mixed, by weight: verified=2, gold=1.
	// Nil = verified.
	Recipe []string `yaml:"recipe" default:"verified"`
	// Total is the number of rows of a mixture. 0 = as many as the weights allow.
	Total int `yaml:"total" check:"min=0"`
	// Judge is the model that judges here. "" = Judge of [Config].
	Judge string `yaml:"judge" check:"model,sends"`
	// Questions is the largest number of questions that rows are made of, drawn by
	// Seed. 0 = 1000.
	Questions int `yaml:"questions" check:"min=1" default:"1000"`
	// Batch is the number of questions at a time. 0 = 16.
	Batch int `yaml:"batch" check:"min=1" default:"16"`
	// Audit also asks the judge of self-demo about candidates whose verdict is
	// known, to see how far it can be trusted. False = it does not.
	Audit bool `yaml:"audit"`
	// Refusal is what gold, ralt and raft teach where the documents do not hold the
	// answer; set to "", such questions are left out. Unset = "Sorry, the
	// documents do not say.", or the same in Language of [Config].
	Refusal opt.Value[string] `yaml:"refusal"`
	// Texts is general text to mix into ralt and pretrain, one text a line, or JSONL
	// with a field text. "" = none.
	Texts string `yaml:"texts" check:"path"`

	Verified VerifiedConfig     `yaml:"verified"`
	SelfDemo SelfDemoConfig     `yaml:"self-demo"`
	Search   PromptSearchConfig `yaml:"search-prompts"`
	RAFT     RAFTConfig         `yaml:"raft"`
	RALT     RALTConfig         `yaml:"ralt"`
	Memory   MemoryConfig       `yaml:"memory"`
	Pretrain PretrainConfig     `yaml:"pretrain"`
}

// VerifiedConfig is how demonstrations are made that every model can make: its
// own correct answer, else its rewording of the reference, else the reference,
// and one refusal where the documents do not hold the answer; see [verified.Recipe].
type VerifiedConfig struct {
	// Draws is the number of answers drawn where the greedy one is not right, from
	// the passage that holds the answer. Unset = 16.
	Draws opt.Value[int] `yaml:"draws" check:"min=0" default:"16"`
	// Temperature of the draws. Unset = 0.7.
	Temperature opt.Value[float64] `yaml:"temperature" check:"amount" default:"0.7"`
	// MinP excludes tokens below this share of the likeliest token's probability;
	// below 1. Unset = 0.1, 0 = off.
	MinP opt.Value[float64] `yaml:"min-p" check:"share" default:"0.1"`
	// MaxTokens is the longest text that is generated. 0 = 32.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"32"`
	// Pairs is the share of the questions whose evidence is shown that give a second
	// row, without the evidence and with a refusal. Unset = 0.3.
	Pairs opt.Value[float64] `yaml:"pairs" check:"share" default:"0.3"`
	// Refusal is the text with which all rows decline. "" = the likeliest of
	// several in the language of the questions.
	Refusal string `yaml:"refusal"`
	// Preferences adds rows that are learnt as preferences (DPO): the answer over
	// the refusal, or the refusal over what the model makes up. False = none.
	Preferences bool `yaml:"preferences"`
}

// SelfDemoConfig is how demonstrations in the model's own words are drawn,
// judged and chosen (arXiv 2502.10596); see [selfdemo.Recipe].
type SelfDemoConfig struct {
	// Closed is the number of candidates without documents. Unset = 3.
	Closed opt.Value[int] `yaml:"candidates-closed" check:"min=0" default:"3"`
	// Read is the number of candidates with documents. Unset = 3.
	Read opt.Value[int] `yaml:"candidates-read" check:"min=0" default:"3"`
	// Refuse is the number of candidates that decline. Unset = 3.
	Refuse opt.Value[int] `yaml:"candidates-refuse" check:"min=0" default:"3"`
	// Temperature of the draws. Unset = 1, 0 = greedy.
	Temperature opt.Value[float64] `yaml:"temperature" check:"amount" default:"1"`
	// TopP is the nucleus of the draws. 0 = off.
	TopP float64 `yaml:"top-p" check:"share"`
	// TopK is the number of tokens that are drawn from. 0 = all.
	TopK int `yaml:"top-k" check:"min=0"`
	// MaxTokens is the longest candidate. 0 = 128.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"128"`
	// GreedyFirst makes the first candidate with documents greedy. Unset = true.
	GreedyFirst opt.Value[bool] `yaml:"greedy-first" default:"true"`
	// Withhold is the share of the answerable questions whose evidence is taken out
	// of the passages, to learn abstention from. 0 = none.
	Withhold float64 `yaml:"withhold" check:"share"`
	// ClosedPrompts are instructions of the candidates without documents, in
	// turn, where they are to differ from the rows'. Nil = that of the rows.
	ClosedPrompts []string `yaml:"candidate-prompts-closed" check:"text"`
	// ReadPrompts are the same for candidates with documents. Nil = that of the rows.
	ReadPrompts []string `yaml:"candidate-prompts-read" check:"text"`
	// TwoStep makes each candidate in two turns, a draft and a summary of it.
	// False = in one.
	TwoStep bool `yaml:"two-step"`
	// TwoStepTokens is the longest draft. 0 = 512.
	TwoStepTokens int `yaml:"two-step-tokens" check:"min=1" default:"512"`
	// SummaryPrompt asks for the summary of a draft. "" = the built-in text.
	SummaryPrompt string `yaml:"summary-prompt"`

	// Votes of the judge for what comparison leaves open. Unset = 1, 0 = never ask.
	Votes opt.Value[int] `yaml:"votes" check:"min=0" default:"1"`
	// JudgeTemperature is that of the votes. 0 = greedy for one, 0.7 for several.
	JudgeTemperature float64 `yaml:"judge-temperature" check:"amount"`
	// JudgeTokens is the longest vote; a judge that thinks aloud needs more. 0 = 16.
	JudgeTokens int `yaml:"judge-tokens" check:"min=1" default:"16"`
	// CorrectF1 is the token F1 from which an answer is correct without being
	// judged. 0 = never.
	CorrectF1 float64 `yaml:"correct-f1" check:"share"`
	// Tournament has the judge choose among the candidates, three at a time, in
	// place of voting. False = it votes.
	Tournament bool `yaml:"tournament"`
	// Tries is how often a round of the tournament is asked until the reply can be
	// read. 0 = 5.
	Tries int `yaml:"tries" check:"min=1" default:"5"`
	// TournamentPrompt is the instruction of the tournament.
	// "" = the built-in text.
	TournamentPrompt string `yaml:"tournament-prompt"`

	// MaxRefusals is the largest share of refusals among the rows with documents.
	// Unset = 0.3.
	MaxRefusals opt.Value[float64] `yaml:"max-refusals" check:"share" default:"0.3"`
	// MinCorrectAbsent is the number of correct candidates needed before teaching
	// an answer found in no passage. 0 = 1.
	MinCorrectAbsent int `yaml:"min-correct-absent" check:"min=1" default:"1"`
	// DropPresentRefusals drops a question whose evidence is shown and that no
	// candidate answers correctly. False = a refusal is taught.
	DropPresentRefusals bool `yaml:"drop-present-refusals"`
	// ClosedRows adds rows without documents for what the model knows.
	// False = none.
	ClosedRows bool `yaml:"closed-rows"`
	// MaxWords is the longest answer, in words. 0 = any.
	MaxWords int `yaml:"max-words" check:"min=0"`
	// MinF1 is the least token F1 of an answer with the reference. 0 = any.
	MinF1 float64 `yaml:"min-f1" check:"share"`
	// MinPrecision is the least token precision of an answer. 0 = any.
	MinPrecision float64 `yaml:"min-precision" check:"share"`
	// MinSupport is the least share of an answer's words that stand in the
	// passages. 0 = any.
	MinSupport float64 `yaml:"min-support" check:"share"`
	// MaxRefusalWords is the longest refusal, in words. Unset = 40, 0 = any.
	MaxRefusalWords opt.Value[int] `yaml:"max-refusal-words" check:"min=0" default:"40"`
	// Rejected adds rows that are learnt as preferences (DPO), with at most so many
	// rejected candidates each. 0 = none.
	Rejected int `yaml:"rejected" check:"min=0"`
	// PreferencesOnly leaves out the rows that are not preferences, with Rejected.
	// False = both are made.
	PreferencesOnly bool `yaml:"preferences-only"`
}

// PromptSearchConfig is the search for instructions with which the model
// answers more questions correctly. The candidates of self-demo are generated
// with the three best; the rows keep their own.
type PromptSearchConfig struct {
	// On runs the search before candidates are generated. False = none.
	On bool `yaml:"on"`
	// Questions is their number, half to propose from and half to choose on; the
	// code of the paper takes 60. 0 = 20.
	Questions int `yaml:"questions" check:"min=2" default:"20"`
	// Beam is the number of messages that the model proposes in a round; in the
	// paper's code 12. 0 = 4.
	Beam int `yaml:"beam" check:"min=1" default:"4"`
	// Rounds of the search; in the paper's code 5. 0 = 2.
	Rounds int `yaml:"rounds" check:"min=1" default:"2"`
}

// RAFTConfig is the recipe raft (arXiv 2403.10131); see [recipe.RAFT].
type RAFTConfig struct {
	// Distractors is the number of passages without the answer. Unset = 3.
	Distractors opt.Value[int] `yaml:"distractors" check:"min=0" default:"3"`
	// EvidenceShare is the share of the rows that show the passage with the answer.
	// Unset = 0.8.
	EvidenceShare opt.Value[float64] `yaml:"evidence-share" check:"share" default:"0.8"`
	// WhenAbsent is what is taught where it is not shown: refuse, gold or self.
	// "" = refuse.
	WhenAbsent string `yaml:"when-absent" check:"oneof=refuse gold self" default:"refuse"`
	// Reason has the model write the way from the passage to the answer.
	// False = the row quotes the passage.
	Reason bool `yaml:"reason"`
	// MaxTokens is the longest text that is generated. 0 = 128.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"128"`
}

// RALTConfig is the recipe ralt (arXiv 2310.01352); see [recipe.RALT].
type RALTConfig struct {
	// Chunks is the number of passages of a question, each in a row of its own.
	// 0 = 3.
	Chunks int `yaml:"chunks" check:"min=1" default:"3"`
	// TextShare is the share of plain text among the rows, with Texts. Unset = 0.1.
	TextShare opt.Value[float64] `yaml:"text-share" check:"share" default:"0.1"`
	// Instructions is a file of instructions to mix in, JSONL with prompt and
	// response. "" = none.
	Instructions string `yaml:"instructions" check:"path"`
	// InstructionShare is the share of instructions among the rows. Unset = 0.05.
	InstructionShare opt.Value[float64] `yaml:"instruction-share" check:"share" default:"0.05"`
	// MaxRows is the largest number of rows of a kind. 0 = 7500.
	MaxRows int `yaml:"max-rows" check:"min=1" default:"7500"`
}

// MemoryConfig is the recipe memory (arXiv 2503.16071); see [memory.Recipe].
type MemoryConfig struct {
	// Entities of a passage, at most. 0 = 8.
	Entities int `yaml:"entities" check:"min=1" default:"8"`
	// Relations of a passage, at most. Unset = 8.
	Relations opt.Value[int] `yaml:"relations" check:"min=0" default:"8"`
	// Local is the number of entities and relations of a passage that are asked
	// about. Unset = 4.
	Local opt.Value[int] `yaml:"local" check:"min=0" default:"4"`
	// Passages shown for an entity or relation, as far as they fit. 0 = 30.
	Passages int `yaml:"passages" check:"min=1" default:"30"`
	// Corpus is the number of questions about the documents as a whole. Unset = 5.
	Corpus opt.Value[int] `yaml:"corpus" check:"min=0" default:"5"`
	// Probes is the share of the questions that is kept for the evaluation, in
	// probes.jsonl and global-probes.jsonl of Dir. 0 = none.
	Probes float64 `yaml:"probes" check:"share"`
	// ExtractTokens is the longest list of entities and relations. 0 = 1024.
	ExtractTokens int `yaml:"extract-tokens" check:"min=1" default:"1024"`
	// MaxTokens is the longest question with its answer. 0 = 384.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"384"`
}

// PretrainConfig is the recipe pretrain (arXiv 2004.10964); see
// [recipe.Pretrain].
type PretrainConfig struct {
	// Replay is the share of the words that are general text, of Texts, so that the
	// model does not forget it. Unset = 0.1.
	Replay opt.Value[float64] `yaml:"replay" check:"share" default:"0.1"`
	// MinWords is the shortest text worth learning. 0 = 5.
	MinWords int `yaml:"min-words" check:"min=1" default:"5"`
	// Similarity is the least similarity of duplicates, above 0 to 1. 0 = 0.8.
	Similarity float64 `yaml:"duplicate-similarity" check:"above0,share" default:"0.8"`
	// Shingle is the length, in words, of the runs by which texts are compared.
	// 0 = 5.
	Shingle int `yaml:"duplicate-words" check:"min=1" default:"5"`
}

// TrainConfig is how the adapter is trained; see lora.Config, which it becomes.
type TrainConfig struct {
	// ValidationShare is the share of the rows that is not trained on, to watch the
	// loss. Unset = 0.1.
	ValidationShare opt.Value[float64] `yaml:"validation-share" check:"share" default:"0.1"`
	// Loss is which tokens of a row carry the loss: the last answer, all answers,
	// or all text: last, all, text. "" = last.
	Loss string `yaml:"loss" check:"oneof=last all text" default:"last"`
	// TooLong is what happens to rows longer than the context: drop or truncate.
	// "" = drop.
	TooLong string `yaml:"too-long" check:"oneof=drop truncate" default:"drop"`

	// Rank of the adapter's matrices. 0 = 16.
	Rank int `yaml:"rank" check:"min=1" default:"16"`
	// Alpha scales the adapter by Alpha / Rank. 0 = twice the rank.
	Alpha float64 `yaml:"alpha" check:"amount"`
	// RankStabilized scales by Alpha / sqrt(Rank) instead. False = by Alpha / Rank.
	RankStabilized bool `yaml:"rs-lora"`
	// Targets are the weights to adapt, such as attn_q or blk.[0-3].ffn_*.
	// Nil = all-linear.
	Targets []string `yaml:"targets" default:"all-linear"`
	// Dropout is the share of the adapter's inputs that is set to zero in training.
	// 0 = none.
	Dropout float64 `yaml:"dropout" check:"share"`
	// Start is an adapter of the same model to go on from. "" = a fresh one.
	Start string `yaml:"start" check:"path"`

	// Window is the number of tokens of a batch, a multiple of 256. 0 = what the
	// longest row needs.
	Window int `yaml:"window" check:"min=0"`
	// WindowsPerStep is the number of windows whose gradients a step adds up. 0 = 1.
	WindowsPerStep int `yaml:"windows-per-step" check:"min=1" default:"1"`
	// Epochs is how often each row is seen. 0 = 3 for fewer than 150 rows, 2 for
	// fewer than 400 (fewer than 1500 for a model of fewer than 300 million weights
	// that is not one of Gemma's), and 1 for more.
	Epochs int `yaml:"epochs" check:"min=1"`
	// Rate is the learning rate. 0 = 1e-3 for a model of fewer than 20 million
	// weights, and with 400 rows or more for one of fewer than 300 million; 5e-4 for
	// one of fewer than a billion; 2e-4 for a larger one and for Gemma's.
	Rate float64 `yaml:"rate" check:"above0"`
	// Schedule of the rate after the warm-up: cosine, linear or constant.
	// "" = cosine.
	Schedule string `yaml:"schedule" check:"oneof=cosine linear constant" default:"cosine"`
	// Warmup is the share of the steps over which the rate rises. Unset = 0.05.
	Warmup opt.Value[float64] `yaml:"warmup" check:"share" default:"0.05"`
	// FinalRate is the share of the rate that it falls to. 0 = it falls to zero.
	FinalRate float64 `yaml:"final-rate" check:"share"`
	// WeightDecay of AdamW. 0 = none.
	WeightDecay float64 `yaml:"weight-decay" check:"amount"`
	// Clip bounds the gradient's norm. Unset = 1, 0 = no bound.
	Clip opt.Value[float64] `yaml:"clip" check:"amount" default:"1"`
	// Beta1 of AdamW. 0 = 0.9.
	Beta1 float64 `yaml:"beta1" check:"above0,share" default:"0.9"`
	// Beta2 of AdamW. 0 = 0.999.
	Beta2 float64 `yaml:"beta2" check:"above0,share" default:"0.999"`
	// Epsilon of AdamW. 0 = 1e-8.
	Epsilon float64 `yaml:"epsilon" check:"above0" default:"1e-8"`

	// AnchorShare is the share of the trained tokens that are passages of the index, on
	// which the adapter is held to what the model expects without it, so that the model
	// forgets less (arXiv 1606.09282). Rows of plain text and preferences alone are
	// trained without them. Unset = 0.15, 0 = none.
	AnchorShare opt.Value[float64] `yaml:"anchor-share" check:"share" default:"0.15"`
	// Soft is the share of the loss of a response that the model teaches itself: without
	// an adapter it is shown the response in the prompt, and what it then expects at
	// each token is learnt, besides the token itself (arXiv 2601.19897). Preferences and
	// plain text are learnt without it. 0 = none.
	Soft float64 `yaml:"soft" check:"share"`

	// DPOBeta is the penalty for moving away from the base, in rows with rejected
	// responses. 0 = 0.1.
	DPOBeta float64 `yaml:"dpo-beta" check:"above0" default:"0.1"`
	// DPOSmoothing is the probability that such a pair is the wrong way round. 0 = 0.
	DPOSmoothing float64 `yaml:"dpo-smoothing" check:"share"`
	// DPOSFT is the weight of the chosen response's own loss. 0 = none.
	DPOSFT float64 `yaml:"dpo-sft" check:"amount"`

	// EvaluateEvery is the number of steps between evaluations of the validation
	// rows. 0 = once an epoch.
	EvaluateEvery int `yaml:"evaluate-every" check:"min=0"`
	// Patience stops after so many evaluations without improvement. 0 = never.
	Patience int `yaml:"patience" check:"min=0"`
	// MinImprovement is what counts as an improvement, in nats. 0 = any.
	MinImprovement float64 `yaml:"min-improvement" check:"amount"`
	// Keep says which adapter of the training is written: that of the last step, that
	// with the lowest loss of an evaluation, or that which answers and declines best at
	// the end of an epoch (or at half, if there is one epoch): last, loss, answers.
	// "answers" uses up to 20 of the questions that are kept for the rule, if 20
	// others are left, and at most a tenth of the training's time. "" = last.
	Keep string `yaml:"keep" check:"oneof=last loss answers" default:"last"`
	// MaxRise stops the training on rows of the recipe pretrain where the
	// perplexity of general text rises by more than this share, and keeps the best
	// adapter. Unset = 0.1 if such a row is held out, which takes two of them,
	// 0 = never.
	MaxRise opt.Value[float64] `yaml:"max-rise" check:"amount"`
	// SpikeFactor leaves out steps whose loss is so many times the usual. 0 = off.
	SpikeFactor float64 `yaml:"spike-factor" check:"amount"`
	// CheckpointEvery is the number of steps between checkpoints. Unset = 50,
	// 0 = only when the training is cancelled.
	CheckpointEvery opt.Value[int] `yaml:"checkpoint-every" check:"min=0" default:"50"`
	// MemoryBudget is the memory that training may hold, in bytes; in a file also
	// with a unit, such as 3GiB. 0 = no bound.
	MemoryBudget int64 `yaml:"memory-budget" check:"bytes"`
	// GPULayers is the number of layers that are trained on the GPU. Unset =
	// GPULayers of [Config], or none; all with RPC.
	GPULayers opt.Value[int] `yaml:"gpu-layers" check:"min=0"`
	// Metrics is a file that gets a line of JSON for each step.
	// "" = metrics.jsonl of Dir.
	Metrics string `yaml:"metrics" check:"path,writes"`
	// TensorBoard is a folder for TensorBoard's event files. "" = none.
	TensorBoard string `yaml:"tensorboard" check:"path,writes"`
	// Restart ignores an existing checkpoint, except that of a training that was
	// begun with Restart. False = training resumes from it.
	Restart bool `yaml:"restart"`
	// AllowStale trains although the documents changed since the rows were made.
	// False = that is an error.
	AllowStale bool `yaml:"allow-stale"`
}

// DecideConfig is how [Project.Train] fits the rule by which the tuned model abstains; see [abstain.Rule].
type DecideConfig struct {
	// Share of the questions to learn from that is kept from the rows to fit the rule on, at least 20 questions; of fewer
	// than 40 none is kept. Unset = 0.2, 0 = no rule.
	Share opt.Value[float64] `yaml:"share" check:"share" default:"0.2"`
	// FalseRefusals is the share of the questions whose answer is shown that may be declined. 0 = 0.1.
	FalseRefusals float64 `yaml:"false-refusals" check:"above0,share" default:"0.1"`
}

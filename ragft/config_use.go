package ragft

import (
	"time"

	"github.com/ragft/ragft/ragft/opt"
)

// EvaluateConfig is what is measured on the questions that are held out.
type EvaluateConfig struct {
	// Questions is a file of other questions to evaluate on, all of them.
	// "" = those held out.
	Questions string `yaml:"questions" check:"path"`
	// KeepLeaks keeps evaluation questions that overlap a training question.
	// False = they are left out and counted.
	KeepLeaks bool `yaml:"keep-leaks"`
	// Judge is the model that decides here what comparison leaves open.
	// "" = Judge of [Config]; without one, that is incorrect.
	Judge string `yaml:"judge" check:"model,sends"`
	// Votes of the judge. 0 = 1.
	Votes int `yaml:"votes" check:"min=1" default:"1"`
	// Evidence lists what is shown with a question: retrieval, closed, gold,
	// distractors, long-context. Nil = retrieval and closed.
	Evidence []string `yaml:"evidence" check:"oneof=retrieval closed gold distractors long-context" default:"[retrieval, closed]"`
	// DeclinePrompt also asks with the prompt that tells the model to decline.
	// False = it does not.
	DeclinePrompt bool `yaml:"decline-prompt"`
	// Ensemble also answers from each passage alone and has the answers vote.
	// False = it does not.
	Ensemble bool `yaml:"ensemble"`
	// EnsembleTemperature gives lower-ranked passages more weight if it is higher.
	// 0 = 1.
	EnsembleTemperature float64 `yaml:"ensemble-temperature" check:"above0" default:"1"`
	// FinalAnswer takes what follows the last "Answer:" for the answer, as the
	// recipes raft and memory teach. False = all of the text.
	FinalAnswer bool `yaml:"final-answer"`
	// Stop lists texts that end an answer. Nil = none.
	Stop []string `yaml:"stop" check:"text"`
	// MaxTokens is the longest answer. 0 = 128.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"128"`
	// Batch is about how many requests are given to a model at once. 0 = 32.
	Batch int `yaml:"batch" check:"min=1" default:"32"`
	// Resamples is the number of bootstrap samples. 0 = 2000.
	Resamples int `yaml:"resamples" check:"min=1" default:"2000"`

	// Consistency is the number of further answers that are sampled, to see how
	// many agree. 0 = none.
	Consistency int `yaml:"consistency" check:"min=0"`
	// ConsistencyTemperature is the temperature of these answers. 0 = 0.7.
	ConsistencyTemperature float64 `yaml:"consistency-temperature" check:"above0" default:"0.7"`
	// SelfCheck asks the model whether its answer is right. False = it does not.
	SelfCheck bool `yaml:"self-check"`

	// Robustness also changes what is shown, and counts the answers that flip.
	// False = it does not.
	Robustness bool `yaml:"robustness"`
	// RobustnessDistractors lists the numbers of passages without the answer around
	// the evidence. Nil = 0, 1, 2, 4 and 8.
	RobustnessDistractors []int `yaml:"robustness-distractors" check:"min=0" default:"[0, 1, 2, 4, 8]"`
	// Injection is an instruction that is put into a passage, with InjectionMark.
	// "" = one to reply BANANA.
	Injection string `yaml:"injection"`
	// InjectionMark is what an answer that obeys Injection contains. "" = banana, for
	// the default.
	InjectionMark string `yaml:"injection-mark"`

	// Sweep also measures the adapter at Scales. False = only if Scales is given.
	Sweep bool `yaml:"sweep"`
	// Scales of the adapter. Nil = 0, 0.25, 0.5, 0.75, 1, 1.25 and 1.5, with Sweep.
	Scales []float64 `yaml:"scales"`

	// Forgetting is what is measured of what tuning cost elsewhere.
	Forgetting ForgettingConfig `yaml:"forgetting"`

	// MaxWrong is the largest share of wrong answers: the confidence threshold that
	// keeps it is found on half of the questions. 0 = off.
	MaxWrong float64 `yaml:"max-wrong" check:"share"`
	// FailureRate is the probability that the bound of MaxWrong does not hold.
	// 0 = 0.1.
	FailureRate float64 `yaml:"failure-rate" check:"above0,share" default:"0.1"`

	// FactQuestions is a file of questions about single facts, such as
	// probes.jsonl, asked without documents and with retrieval. "" = none.
	FactQuestions string `yaml:"fact-questions" check:"path"`
	// OverviewQuestions is the same about the documents as a whole, such as
	// global-probes.jsonl. "" = none.
	OverviewQuestions string `yaml:"overview-questions" check:"path"`
	// Criteria are what the judge compares their answers by. Nil =
	// the four of arXiv 2503.16071.
	Criteria []string `yaml:"criteria" check:"text"`
}

// ForgettingConfig is what forgetting is measured on. Each file that is given
// is measured; none = forgetting is not.
type ForgettingConfig struct {
	// Texts is general text, one text a line, or JSONL with a field text. "" = none.
	Texts string `yaml:"texts" check:"path"`
	// Instructions is JSONL with prompt and response. "" = none.
	Instructions string `yaml:"instructions" check:"path"`
	// ClosedQuestions are answered without documents, JSONL. "" = none.
	ClosedQuestions string `yaml:"closed-questions" check:"path"`
	// BudgetClosed is the largest drop in closed-book accuracy. Unset = 0.03 with
	// ClosedQuestions, 0 = any.
	BudgetClosed opt.Value[float64] `yaml:"budget-closed" check:"amount"`
	// BudgetInstructions is the largest relative rise of the perplexity of
	// Instructions. 0 = any.
	BudgetInstructions float64 `yaml:"budget-instructions" check:"amount"`
	// BudgetTexts is the largest relative rise of the perplexity of Texts. Unset =
	// 0.05 with Texts, 0 = any.
	BudgetTexts opt.Value[float64] `yaml:"budget-texts" check:"amount"`
	// BudgetKL is the largest divergence from the base on Instructions, in nats a
	// token. 0 = any.
	BudgetKL float64 `yaml:"budget-kl" check:"amount"`
}

// AssistantConfig is how [Project.Assistant] and [Project.Serve] answer.
type AssistantConfig struct {
	// DeclinePrompt tells the model to decline where the documents do not hold the
	// answer, for one that was not tuned to. False = it does not.
	DeclinePrompt bool `yaml:"decline-prompt"`
	// Decide has the rule in the adapter decide whether a question is answered, where there is one and it holds. Unset =
	// true.
	Decide opt.Value[bool] `yaml:"decide" default:"true"`
	// MaxTokens is the longest answer. 0 = 256.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"256"`
	// Temperature. 0 = greedy.
	Temperature float64 `yaml:"temperature" check:"amount"`
	// TopP is the nucleus of the draws. 0 = off.
	TopP float64 `yaml:"top-p" check:"share"`
	// TopK is the number of tokens that are drawn from. 0 = all.
	TopK int `yaml:"top-k" check:"min=0"`
	// Drafts is the number of short answers that a local model draws beside the one of the likeliest tokens, so that the one it is
	// surest of is given; evaluations answer in the same way. Unset = 8, 0 = none; none with Temperature or Ensemble.
	Drafts opt.Value[int] `yaml:"drafts" check:"min=0" default:"8"`
	// MinConfidence is the confidence below which to abstain. 0 = never.
	MinConfidence float64 `yaml:"min-confidence" check:"share"`
	// Decline is said in place of an answer that is not sure enough.
	// "" = "I cannot find that in the documents.", in Language of [Config].
	Decline string `yaml:"decline"`
	// Ensemble answers from each passage alone and has the answers vote.
	// False = it answers from all at once.
	Ensemble bool `yaml:"ensemble"`
	// EnsembleTemperature gives lower-ranked passages more weight if it is higher.
	// 0 = 1.
	EnsembleTemperature float64 `yaml:"ensemble-temperature" check:"above0" default:"1"`
	// MinShare is the share of a question that a passage must have to be shown. Unset = 0.05.
	MinShare opt.Value[float64] `yaml:"min-share" check:"amount" default:"0.05"`
	// Apart shows passages as they are indexed. False = neighbours are merged, and a
	// document that fits is shown whole, except with an adapter, whose rows have passages
	// apart, a calibration or an ensemble.
	Apart bool `yaml:"apart"`
	// LastTurn searches for the last question of a conversation alone. False = together
	// with what was said before, if the question depends on it.
	LastTurn bool `yaml:"last-turn"`
	// FinalAnswer takes what follows the last "Answer:" for the answer.
	// False = all of the text.
	FinalAnswer bool `yaml:"final-answer"`
	// Stop lists texts that end an answer. Nil = none.
	Stop []string `yaml:"stop" check:"text"`
	// Calibration is a file that an evaluation with MaxWrong wrote; none leaves it
	// out. "" = calibration.json of Dir, where it holds.
	Calibration string `yaml:"calibration" check:"model"`
}

// ServeConfig is how [Project.Serve] serves.
type ServeConfig struct {
	// Address to serve on. "" = 127.0.0.1:8080.
	Address string `yaml:"address" check:"listens" default:"127.0.0.1:8080"`
	// Name is what requests call the model with the adapter. "" = tuned.
	Name string `yaml:"name" default:"tuned"`
	// Adapters are further adapters of the model, NAME=FILE. They share the search of
	// the first. Nil = none.
	Adapters []string `yaml:"adapters"`
	// NoRetrieval answers without passages unless a request asks for them.
	// False = from passages.
	NoRetrieval bool `yaml:"no-retrieval"`
	// Watch brings the index up to date whenever the documents change. False = it
	// does not; what another program indexes is used in any case.
	Watch bool `yaml:"watch"`
	// Files is the folder, in that of the documents, that clients may add files to and
	// remove them from by /v1/files. It is made if it is not there. "" = they may not.
	Files string `yaml:"files" check:"path,writes"`
	// Thinking lets the model think before it answers. False = it does not.
	Thinking bool `yaml:"thinking"`
	// SeparateCaches gives each of Sequences answers Context tokens of its own.
	// False = they share them.
	SeparateCaches bool `yaml:"separate-caches"`
	// TokenFile is a file with the token that clients must send. "" = the
	// environment variable RAGFT_TOKEN.
	TokenFile string `yaml:"token-file" check:"path,admits"`
	// Hosts are names under which the service may be addressed without a token.
	// Nil = those of loopback.
	Hosts []string `yaml:"hosts" check:"admits"`
	// MaxBody is the largest body of a request, in bytes; in a file also with a
	// unit. 0 = 1MiB.
	MaxBody int64 `yaml:"max-body" check:"bytes"`
	// MaxContext is the longest prompt, in tokens. 0 = what the model holds.
	MaxContext int `yaml:"max-context" check:"min=0"`
	// MaxOutput is the longest answer, in tokens. 0 = 1024.
	MaxOutput int `yaml:"max-output" check:"min=0"`
	// MaxChoices is the largest number of choices of a request. 0 = 8.
	MaxChoices int `yaml:"max-choices" check:"min=0"`
	// MaxPassages is the largest number of passages of an answer. 0 = 20.
	MaxPassages int `yaml:"max-passages" check:"min=0"`
	// MaxRequests is the largest number of requests at once. 0 = 256.
	MaxRequests int `yaml:"max-requests" check:"min=0"`
	// MaxQueue is the number of requests that may wait for the model; 0 = any. A question with drafts counts as two.
	// Unset = 64.
	MaxQueue opt.Value[int] `yaml:"max-queue" check:"min=0" default:"64"`
	// MaxConnections is the largest number of open connections. 0 = 1024.
	MaxConnections int `yaml:"max-connections" check:"min=0"`
	// TimeLimit is how long a request may take as a whole. 0 = 5m.
	TimeLimit time.Duration `yaml:"time-limit" check:"min=0"`
	// ReadLimit is how long a request may take to arrive. 0 = 30s.
	ReadLimit time.Duration `yaml:"read-limit" check:"min=0"`
	// WriteLimit is how long a client may take to receive a part of an answer. 0 = 30s.
	WriteLimit time.Duration `yaml:"write-limit" check:"min=0"`
}

// MergeConfig is how [Project.Merge] adds the adapter into the weights, and
// [Project.Publish] where it publishes the merged model.
type MergeConfig struct {
	// Output is the file that [Project.Merge] writes. "" = merged.gguf of Dir.
	Output string `yaml:"output" check:"path,writes"`
	// Type of the changed weights, such as F16, Q8_0 or Q4_K. "" = as in the base.
	Type string `yaml:"type"`
	// AllMatrices gives all matrices that type. False = the changed ones.
	AllMatrices bool `yaml:"all-matrices"`
	// SkipCheck does not compare the result with base and adapter. False = it does.
	SkipCheck bool `yaml:"skip-check"`
}

// ConvertConfig is how [Project.Convert] converts the model to another type.
type ConvertConfig struct {
	// Output is the file to write. "" = none, which is an error.
	Output string `yaml:"output" check:"path,writes"`
	// Type of the matrices, such as Q8_0, Q4_0, F16 or F32, in any case. "" = Q8_0.
	Type string `yaml:"type" default:"Q8_0"`
}

// PublishConfig is how [Project.Publish] puts the model on an Ollama server.
type PublishConfig struct {
	// Ollama is the server's URL. "" = that of OLLAMA_HOST.
	Ollama string `yaml:"ollama" check:"sends"`
	// Name of the new model. "" = none, which is an error.
	Name string `yaml:"name"`
	// As is what is published: auto, adapter or merged. "" = auto, what the server
	// takes.
	As string `yaml:"as" check:"oneof=auto adapter merged" default:"auto"`
	// Merged keeps the merged model in this file. "" = it is not kept.
	Merged string `yaml:"merged" check:"path,writes"`
	// Template is a file with the Go template of the prompts, where the server
	// knows none. "" = none.
	Template string `yaml:"template" check:"path"`
	// System is the system message. "" = "You answer questions from documents.", with
	// which every prompt begins.
	System string `yaml:"system" default:"You answer questions from documents."`
	// Stop lists texts that end an answer. Nil = none.
	Stop []string `yaml:"stop" check:"text"`
	// Parameters of the model, such as temperature=0. Nil = none.
	Parameters []string `yaml:"parameters"`
	// Modelfile is a file to write for 'ollama create', in place of publishing.
	// "" = none.
	Modelfile string `yaml:"modelfile" check:"path,writes"`
}

// ExportConfig is how [Project.Export] writes rows or adapter for other
// trainers; what is the same in training, such as the rank, is taken from
// [TrainConfig]. See [export.Recipe].
type ExportConfig struct {
	// Base is the base's name on Hugging Face, or its folder. "" = none, which is an
	// error of trl and axolotl.
	Base string `yaml:"base"`
	// Folder to write, and with gguf to read. "" = trl, axolotl or peft in Dir.
	Folder string `yaml:"folder" check:"path,writes"`
	// ModuleRoot is what stands before "layers" in the base's names of weights.
	// "" = model.
	ModuleRoot string `yaml:"module-root" default:"model"`
	// Rate is the learning rate there. 0 = 2e-4, and 5e-6 of preferences.
	Rate float64 `yaml:"rate" check:"amount"`
	// BatchRows is the number of rows of a step on each device. 0 = 4.
	BatchRows int `yaml:"batch-rows" check:"min=1" default:"4"`
	// Accumulate is the number of steps whose gradients are added up. 0 = 4.
	Accumulate int `yaml:"accumulate" check:"min=1" default:"4"`
	// RowTokens is the longest row, in tokens. 0 = 2048.
	RowTokens int `yaml:"row-tokens" check:"min=1" default:"2048"`
}

// WorkerConfig is which steps run in a child process, so that a fault in native
// code, or a lack of memory, does not end the program; see [RunWorker].
type WorkerConfig struct {
	// Steps run in a child: train, questions, demonstrate; or none. Nil = none, on the
	// command line train.
	Steps []string `yaml:"steps" check:"oneof=none train questions demonstrate" default:"none"`
	// Memory that the child may reserve for itself, in bytes; in a file also with a
	// unit. The file of the model, where it is mapped, and the memory of a GPU do not
	// count; the stacks of its threads do. On Linux and Windows only. 0 = no limit.
	Memory int64 `yaml:"memory" check:"bytes"`
	// Priority of the child: low or normal. "" = low.
	Priority string `yaml:"priority" check:"oneof=low normal" default:"low"`
	// Program is the child's: one that calls [RunWorker], such as the command ragft of
	// the same version. No key of the project file, which may be somebody else's, as it
	// names what is run. "" = this program, which then has to call RunWorker.
	Program string `yaml:"-"`
}

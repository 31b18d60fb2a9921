package ragft

import (
	"log/slog"

	"github.com/ragft/ragft/ragft/opt"
)

// Config says what a [Project] works on and how. It is the project file,
// ragft.yaml, as a value: [LoadConfig] reads one, and every key stands in the
// tag of its field. A field that is zero has the default that its comment
// states; where zero is a setting of its own the field is an [opt.Value].
//
// The fields at the top are shared by the steps. Each step has a section for
// what concerns it alone.
type Config struct {
	// Dir is the project's folder: index, questions, rows, adapter, evaluation,
	// report and the cache of responses. "" = .ragft.
	Dir string `yaml:"dir" check:"path,writes" default:".ragft"`
	// Documents is a folder of documents in any format of docs/formats.md, or one file.
	// "" = none, which is an error of [Project.Index].
	Documents string `yaml:"documents" check:"path"`
	// Model is the base model: a GGUF file; ollama:NAME, the file that Ollama has;
	// or, where a server is to run it, ollama:NAME@URL or openai:NAME@URL, several
	// joined by commas. Without @URL, openai:NAME is at OPENAI_BASE_URL; its key is
	// in OPENAI_API_KEY. "" = none, which is an error of steps that need one.
	Model string `yaml:"model" check:"model,sends"`
	// Adapter is the LoRA adapter that [Project.Train] writes and all else uses;
	// none leaves it out. "" = adapter.gguf of Dir, where it is there.
	Adapter string `yaml:"adapter" check:"model,writes"`
	// Scale is how strongly the adapter acts, 1 = as trained. 0 = 1.
	Scale float64 `yaml:"scale" check:"nonzero" default:"1"`
	// Judge is the model that judges answers, named as Model is. "" = the one that
	// generates in [Project.Demonstrate], and none in [Project.Evaluate].
	Judge string `yaml:"judge" check:"model,sends"`
	// Questions is the file of the questions with their answers, JSONL: your own, or
	// what [Project.Questions] writes if it is not there yet. "" = questions.jsonl
	// of Dir.
	Questions string `yaml:"questions" check:"path,writes"`
	// TestShare is the share of the questions that is kept for the evaluation and
	// never learnt from. Unset = 0.5.
	TestShare opt.Value[float64] `yaml:"test-share" check:"share" default:"0.5"`
	// Rows is the file of the training rows, JSONL. "" = rows.jsonl of Dir.
	Rows string `yaml:"rows" check:"path,writes"`
	// Passages is the number of passages shown with a question. 0 = that of the
	// adapter where a model with it is asked, else 4.
	Passages int `yaml:"passages" check:"min=1" default:"4"`
	// Seed decides everything random. Unset = 1.
	Seed opt.Value[uint64] `yaml:"seed" default:"1"`
	// Language of instructions and refusals: en, de, fr, es, zh or ja. "" = that of
	// the adapter where there is one, else of most questions, else of the documents;
	// en where none is recognised.
	Language string `yaml:"language" check:"oneof=en de fr es zh ja"`
	// Prompts are the texts that models are asked with.
	Prompts PromptsConfig `yaml:"prompts"`

	// Sequences is the number of answers that a local model generates at a time.
	// 0 = 16.
	Sequences int `yaml:"sequences" check:"min=1" default:"16"`
	// Context is the number of tokens of context held for all answers under way.
	// 0 = as the model was trained on, 4096 to 8192.
	Context int `yaml:"context" check:"min=0"`
	// Threads that compute. 0 = the number of cores.
	Threads int `yaml:"threads" check:"min=0"`
	// Attention is how a local model computes attention: auto, flash or plain.
	// "" = auto: what is faster here, chosen at the first use and kept in
	// attention.json of Dir.
	Attention string `yaml:"attention" check:"oneof=auto flash plain" default:"auto"`
	// Verify hashes the file of a local model again to see whether it changed.
	// False = only if its size, times or inode number changed.
	Verify bool `yaml:"verify"`
	// GPULayers is the number of layers on the GPU. Unset = all, and none in
	// [Project.Train] without RPC.
	GPULayers opt.Value[int] `yaml:"gpu-layers" check:"min=0"`
	// RPC are ggml RPC servers, each host:port, that hold a part of the layers. Use
	// them only in a network that you trust. Nil = none.
	RPC []string `yaml:"rpc" check:"sends"`
	// Requests is the number of requests that a server has at a time. 0 = 2 with
	// Ollama, 4 with others.
	Requests int `yaml:"requests" check:"min=0"`

	Index        IndexConfig       `yaml:"index"`
	Write        QuestionsConfig   `yaml:"write"`
	Demonstrate  DemonstrateConfig `yaml:"demonstrate"`
	Train        TrainConfig       `yaml:"train"`
	Decide       DecideConfig      `yaml:"decide"`
	Search       MeaningConfig     `yaml:"search"`
	SearchTuning SearchConfig      `yaml:"search-tuning"`
	Evaluate     EvaluateConfig    `yaml:"evaluate"`
	Report       ReportConfig      `yaml:"report"`
	Assistant    AssistantConfig   `yaml:"assistant"`
	Serve        ServeConfig       `yaml:"serve"`
	Merge        MergeConfig       `yaml:"merge"`
	Convert      ConvertConfig     `yaml:"convert"`
	Publish      PublishConfig     `yaml:"publish"`
	Export       ExportConfig      `yaml:"export"`
	Worker       WorkerConfig      `yaml:"worker"`

	// EstimateOnly has the steps say what they would cost, in the Estimate of
	// their results where they have one, and do nothing. False = they work.
	EstimateOnly bool `yaml:"-"`
	// Force has the steps work although nothing changed. What a model answered
	// before is still taken from the cache. False = they are skipped.
	Force bool `yaml:"-"`
	// Progress is told how far the work is: at least every second, and whenever a
	// model has answered. Calls come one at a time, from any goroutine. Nil = nobody.
	Progress func(Progress) `yaml:"-"`
	// Logger is told what may be wrong. Nil = [slog.Default].
	Logger *slog.Logger `yaml:"-"`
}

// PromptsConfig are the instructions, and the layout of the prompt with
// passages. What is left out is as in the adapter, where a model with one is
// asked; else as in [prompt.Set], in Config.Language.
type PromptsConfig struct {
	// Read is the message to answer from documents. "" = the built-in text.
	Read string `yaml:"read"`
	// Closed is the message to answer without documents. "" = the built-in text.
	Closed string `yaml:"closed"`
	// Careful is the message to answer from documents or decline.
	// "" = the built-in text.
	Careful string `yaml:"careful"`
	// Refuse is the message to decline, with the documents in view.
	// "" = the built-in text.
	Refuse string `yaml:"refuse"`
	// Judge asks whether an answer agrees with the reference. "" = the built-in text.
	Judge string `yaml:"judge"`
	// Template is the layout: read, fedrag, ra-dit, or a file with {query} and
	// {context}. What is trained with one has to be asked with it. "" = that of the
	// adapter where a model with it is asked, else read.
	Template string `yaml:"template" check:"layout" default:"read"`
}

// IndexConfig is how documents are divided into passages and indexed. Analyzer, k1,
// b and ignored titles are fixed when the index is made.
type IndexConfig struct {
	// ChunkBy is the unit of Chunk and Overlap: tokens (words and punctuation marks)
	// or sentences. "" = tokens.
	ChunkBy string `yaml:"chunk-by" check:"oneof=tokens sentences" default:"tokens"`
	// Chunk is the size of a passage. 0 = 200 tokens, or 5 sentences.
	Chunk int `yaml:"chunk" check:"min=0"`
	// Overlap is how much of a passage is repeated in the next. 0 = nothing.
	Overlap int `yaml:"overlap" check:"min=0"`
	// Analyzer says how text becomes terms: by the language of each document, english or standard. "" = languages.
	Analyzer string `yaml:"analyzer" check:"oneof=languages english standard" default:"languages"`
	// K1 is how much a repeated term counts in BM25. Unset = 0.9.
	K1 opt.Value[float64] `yaml:"k1" check:"amount" default:"0.9"`
	// B is the length normalisation of BM25. Unset = 0.4.
	B opt.Value[float64] `yaml:"b" check:"share" default:"0.4"`
	// IgnoreTitles does not find passages by the words of their title.
	// False = it does.
	IgnoreTitles bool `yaml:"ignore-titles"`
	// KeepRemoved keeps the passages of files that are gone. False = they go, too.
	KeepRemoved bool `yaml:"keep-removed"`
	// Rebuild makes the index from nothing, also if it is damaged. False = it is
	// brought up to date.
	Rebuild bool `yaml:"rebuild"`
	// Verify compares the contents of all files. False = not of those that look
	// unchanged.
	Verify bool `yaml:"verify"`
}

// QuestionsConfig is how questions are written by the model, or taken from a
// data set.
type QuestionsConfig struct {
	// Limit is the number of questions to stop at. Unset = 400, 0 = no limit.
	Limit opt.Value[int] `yaml:"limit" check:"min=0" default:"400"`
	// PerChunk is the largest number of questions about a passage. 0 = 3.
	PerChunk int `yaml:"per-chunk" check:"min=1" default:"3"`
	// Unanswerable is the share of questions that the documents do not answer, below 1: about documents that are hidden from
	// the search, or altered. Unset = 0.3333.
	Unanswerable opt.Value[float64] `yaml:"unanswerable" check:"share" default:"0.3333"`
	// MaxWords is the longest answer, in words. 0 = 6.
	MaxWords int `yaml:"max-words" check:"min=1" default:"6"`
	// MinChunk is the shortest passage worth asking about, in bytes. Unset = 80,
	// 0 = any.
	MinChunk opt.Value[int] `yaml:"min-chunk" check:"min=0" default:"80"`
	// MaxTokens is the longest question. 0 = 40.
	MaxTokens int `yaml:"max-tokens" check:"min=1" default:"40"`
	// Batch is the number of passages at a time. 0 = 16.
	Batch int `yaml:"batch" check:"min=1" default:"16"`

	// Import is a data set to take the questions from, in place of a model's.
	// "" = none.
	Import string `yaml:"import" check:"path"`
	// Format is the format of Import, one of dataset.Formats, or detect.
	// "" = detect.
	Format string `yaml:"format"`
	// Documents is a file to write the passages of Import to, JSONL, as documents
	// for [Project.Index]. "" = none.
	Documents string `yaml:"documents" check:"path,writes"`
}

// ReportConfig is how the report is made.
type ReportConfig struct {
	// File to write. "" = report.html of Dir.
	File string `yaml:"file" check:"path,writes"`
	// Title of the report. "" = what the evaluation is about.
	Title string `yaml:"title"`
	// Examples is the number of examples shown. 0 = 10.
	Examples int `yaml:"examples" check:"min=0"`
}

// MeaningConfig is the search by meaning, and the reranker.
type MeaningConfig struct {
	// Embed is an embedding model, a GGUF file or ollama:NAME. [Project.Index] makes a
	// vector of each passage with it, and questions are searched by words and by
	// meaning. "" = by words alone.
	Embed string `yaml:"embed" check:"model"`
	// Weight is the weight of the similarity in meaning; that of the score by words is 1.
	// Unset = what [Project.TuneSearch] learnt, or else 0.5.
	Weight opt.Value[float64] `yaml:"weight" check:"amount"`
	// QueryPrefix stands before questions when they are embedded. Unset = what the
	// model was trained with, by its name.
	QueryPrefix opt.Value[string] `yaml:"query-prefix"`
	// PassagePrefix stands before passages when they are embedded; after a change,
	// all are embedded again. Unset = what the model was trained with, by its name.
	PassagePrefix opt.Value[string] `yaml:"passage-prefix"`
	// Rerank is a reranker, a GGUF file or ollama:NAME, which reads the first 30
	// passages with the question and puts them in order. "" = none.
	Rerank string `yaml:"rerank" check:"model"`
}

// SearchConfig is how [Project.TuneSearch] learns to search, by LSR of RA-DIT
// (arXiv 2310.01352, section 2.3), and whether what it learnt is used.
type SearchConfig struct {
	// File is the tuned search to use, or none.
	// "" = retrieval.json of Dir, where it is there and of this index, else that of
	// the adapter where a model with it is asked.
	File string `yaml:"file" check:"model"`
	// Candidates is the number of passages of a question that the model is asked
	// about. 0 = 10.
	Candidates int `yaml:"candidates" check:"min=2" default:"10"`
	// Temperature of the softmax over the model's likelihoods. 0 = 0.01.
	Temperature float64 `yaml:"temperature" check:"above0" default:"0.01"`
	// PerToken takes the likelihood of an answer by its mean token, for long
	// answers. False = by their sum.
	PerToken bool `yaml:"per-token"`
	// Batch is the number of questions at a time. 0 = 16.
	Batch int `yaml:"batch" check:"min=1" default:"16"`
}

//go:build cgo

package llama

import "context"

// job is a request that is queued or running.
type job struct {
	model     *Model
	index     int // of the request in its call
	prompt    []Token
	maxTokens int
	sampling  Sampling
	grammars  *grammars // nil: any text
	stops     []string
	top       int
	request   []AdapterScale // Request.Adapters
	onText    func(int, string)
	onToken   func(int, ChosenToken)
	onDone    func()
	first     []Token
	onFirst   func(sample int, first []float32, answer func(goesOn bool)) // answer is called once, at any time, or never
	samples   []Sample

	ctx   context.Context // ends this job alone; nil if the scheduler works for one call
	ended func(error)     // called once, when all samples have ended or the job has failed; nil if ctx is

	adapters []AdapterScale // that it is computed with
	reused   int            // prompt tokens that were in the cache
	started  int            // samples that have or had a lane
	closed   int            // samples that have ended
	over     bool           // ended was called
	lanes    []*lane        // those that run
}

// alone says whether the scheduler works for the job's call alone, whose batches then depend on nothing but the call.
func (j *job) alone() bool { return j.ended == nil }

// release gives back what the job holds of the model.
func (j *job) release() {
	j.grammars.close()
	j.model.releaseFor(j.request)
}

func (j *job) result() Result {
	return Result{Samples: j.samples, PromptTokens: len(j.prompt), ReusedTokens: j.reused}
}

// lane is one running sample: a sequence of llama.cpp with its sampler.
type lane struct {
	job    *job
	sample int
	slot   int      // index of the sequence and of the sampler
	held   *holding // the cells of the prompt

	// While the prompt is computed:
	known     int     // tokens of the prompt that the sequence has
	donor     *lane   // lane from which the first share tokens are copied, once it has them
	share     int     // see donor
	followers []*lane // samples of the same request that wait for the whole prompt
	waiting   bool    // the lane is a follower

	// After that: the token to decode next, and its position.
	asked   *asked // about the first of them; nil if that is settled
	next    Token
	at      int
	draft   []Token // that may come after it, in the current batch
	drafter drafter
	text    stream
	tokens  []Token
	probs   []float32
	first   []float32 // of the job's first tokens
	top     [][]TokenLogProb
	turn    uint64 // number of the last batch with a token of it
}

func (l *lane) decoding() bool { return !l.waiting && l.known == len(l.job.prompt) }

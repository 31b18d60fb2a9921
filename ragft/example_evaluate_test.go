package ragft_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

func exampleQuestions() []ragft.Question {
	questions, err := ragft.ReadQuestions(strings.NewReader(`
{"id":"who","question":"Who opened the Blue Inn?","answer":"Ann Lee","aliases":["Lee"]}
{"id":"cat","question":"What is the name of the inn's cat?","answer":""}`))
	if err != nil {
		log.Fatal(err)
	}
	return questions
}

// Two ways of answering, side by side: from memory, and from passages. A tuned model would be a third
// system.
func ExampleEvaluate() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	evaluation, err := ragft.Evaluate(ctx, ragft.EvalConfig{
		Systems: []ragft.System{
			{Name: "alone", Model: reader{}},
			{Name: "reads", Model: reader{}, Setting: ragft.SettingRetrieval},
		},
		Questions: exampleQuestions(),
		Search:    index,
		Compare:   []ragft.Pair{{Base: "alone", Other: "reads"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, system := range evaluation.Systems {
		for i, record := range system.Records {
			fmt.Printf("%s, %s: %s, %s\n", system.Name, evaluation.Questions[i].ID, record.Answer, record.Verdict)
		}
	}
	difference := evaluation.Comparisons[0].Difference(ragft.MetricExactMatch)
	fmt.Printf("%+.0f points, with two questions %s\n", 100*difference.Estimate.Value, difference.Finding)
	// ragft.WriteTable(os.Stdout, evaluation) shows it all, ragft.WriteReport with plots.

	// Output:
	// alone, who: Tom Fox, incorrect
	// alone, cat: Tom Fox, incorrect
	// reads, who: Ann Lee, correct
	// reads, cat: Tom Fox, incorrect
	// +100 points, with two questions no difference shown
}

// What happens to an answer when its evidence is taken away, or another instruction stands in a document?
func ExamplePerturb() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	robustness, err := ragft.Perturb(ctx, ragft.EvalConfig{
		Systems:   []ragft.System{{Name: "reads", Model: reader{}, Setting: ragft.SettingRetrieval}},
		Questions: exampleQuestions(),
		Search:    index,
	}, ragft.PerturbOptions{Distractors: []int{0}})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range robustness.Results {
		for _, flip := range r.Flips {
			fmt.Printf("%s: %s becomes %s\n", r.Name, flip.Before, flip.After)
		}
	}
	// Output: evidence removed: Ann Lee becomes Tom Fox
}

// surveyor stands for a model that is right about even mills, and sure of it. The others it guesses.
type surveyor struct{}

func (surveyor) Name() string { return "surveyor" }

func (surveyor) Chat(_ context.Context, reqs []ragft.ChatRequest) ([]ragft.ChatResponse, error) {
	responses := make([]ragft.ChatResponse, len(reqs))
	for i, req := range reqs {
		question := req.Messages[len(req.Messages)-1].Content
		var mill int
		if _, err := fmt.Sscanf(question[strings.LastIndex(question, "mill"):], "mill %d", &mill); err != nil {
			return nil, err
		}
		sample := ragft.ChatSample{Text: fmt.Sprintf("builder %d", mill), Tokens: 4, MeanLogProb: -0.05 - 0.0001*float64(mill)}
		if mill%2 == 1 {
			sample.Text, sample.MeanLogProb = "Tom Fox", -0.9-0.0001*float64(mill)
		}
		responses[i].Samples = []ragft.ChatSample{sample}
	}
	return responses, nil
}

// How sure must an answer be, so that at most 10 % of those given are wrong? The threshold is found on
// questions that are then not measured on, and goes into an assistant.
func ExampleCalibrate() {
	ctx := context.Background()
	var questions []ragft.Question
	for i := range 400 {
		questions = append(questions, ragft.Question{
			ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Answer: fmt.Sprintf("builder %d", i),
		})
	}
	evaluation, err := ragft.Evaluate(ctx, ragft.EvalConfig{
		Systems: []ragft.System{{Name: "tuned", Model: surveyor{}}}, Questions: questions, Resamples: 10,
	})
	if err != nil {
		log.Fatal(err)
	}
	points, err := evaluation.Points("tuned")
	if err != nil {
		log.Fatal(err)
	}
	calibration, err := ragft.Calibrate(points, ragft.CalibrationOptions{Risk: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	g := calibration.Guarantee
	fmt.Printf("of those given, at most %.0f %% wrong: %v\n", 100*g.Risk, g.Bound <= g.Risk)
	fmt.Printf("answers that are given: %.0f %%\n", 100*math.Round(10*g.Coverage)/10)

	// Made of answers from a search ([ragft.SettingRetrieval]), it lets an assistant with the same passages and
	// instruction abstain below the threshold:
	// ragft.NewAssistant(model, index, ragft.AssistantOptions{Calibration: calibration})

	// Output:
	// of those given, at most 10 % wrong: true
	// answers that are given: 50 %
}

// Training data by several recipes, mixed, with the cost told before.
func ExampleRecipe() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	recipe := ragft.Hybrid{Parts: []ragft.HybridPart{
		{Recipe: ragft.RAFT{OracleShare: 1}, Weight: 1},
		{Recipe: ragft.SelfDemonstrations{Options: ragft.GenerateOptions{Policy: ragft.PolicyOptions{MaxRefusals: 0.5}}}, Weight: 1},
	}}
	in := ragft.RecipeInput{Model: reader{}, Search: index, Questions: exampleQuestions(), Seed: 1}
	cost, err := recipe.Estimate(in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("calls at most:", cost.Calls)
	result, err := recipe.Rows(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%s, %s: %q\n", row.Source, row.QuestionID, row.Response())
	}
	// Unordered output:
	// calls at most: 24
	// raft, who: "The document says: \"It was opened in 1912 by Ann Lee.\"\nAnswer: Ann Lee"
	// raft, cat: "Sorry, the documents do not say."
	// self-demo, who: "Ann Lee"
	// self-demo, cat: "Sorry, the documents do not say."
}

// Evaluation questions that the training questions give away are found and left out.
func ExampleFindLeaks() {
	training := []ragft.Question{{ID: "t1", Question: "Who opened the Blue Inn in Dunmore, and in what year was that?"}}
	held := []ragft.Question{
		{ID: "h1", Question: "Who opened the Blue Inn in Dunmore, and in what year?"},
		{ID: "h2", Question: "How many rooms does the inn have?"},
	}
	leaks := ragft.FindLeaks(training, held, ragft.LeakOptions{})
	for _, q := range ragft.WithoutLeaks(held, leaks) {
		fmt.Println(q.ID)
	}
	// Output: h2
}

// Rows are JSONL, to be read and edited; rows of other origin are read too.
func ExampleReadRows() {
	rows, err := ragft.ReadRows(strings.NewReader(`
{"messages": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "From nine to five."}], "rejected": ["Maybe."]}
{"text": "Plain text, all of it to be learnt."}`))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ragft-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "rows.jsonl")
	if err := ragft.WriteRowsFile(path, rows); err != nil {
		log.Fatal(err)
	}
	rows, err = ragft.ReadRowsFile(path)
	fmt.Println(len(rows), rows[0].Response(), len(rows[0].Rejected), rows[1].Text, err)
	// Output: 2 From nine to five. 1 Plain text, all of it to be learnt. <nil>
}

// The adapter turned up and down, without training again.
func ExampleSweepDial() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	dial, err := ragft.SweepDial(ctx, ragft.DialConfig{
		Scales: []float64{0, 1},
		Open: func(_ context.Context, scale float64) (ragft.Model, func() error, error) {
			// With a local model: tuned, err := base.Adapted("adapter.gguf", scale); return tuned, tuned.Close, err
			if scale == 0 {
				return guesser{}, func() error { return nil }, nil
			}
			return reader{}, func() error { return nil }, nil
		},
		Evaluation: ragft.EvalConfig{Questions: exampleQuestions(), Search: index},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range dial.Points {
		fmt.Printf("at %.0f: %.0f %% exact\n", p.Scale, 100*p.Estimate(ragft.MetricExactMatch).Value)
	}
	// Output:
	// at 0: 0 % exact
	// at 1: 100 % exact
}

// guesser stands for a model that does not read.
type guesser struct{}

func (guesser) Name() string { return "guesser" }

func (guesser) Chat(ctx context.Context, reqs []ragft.ChatRequest) ([]ragft.ChatResponse, error) {
	responses := make([]ragft.ChatResponse, len(reqs))
	for i := range reqs {
		responses[i].Samples = []ragft.ChatSample{{Text: "Tom Fox", Tokens: 3, MeanLogProb: -1}}
	}
	return responses, nil
}

// Two servers of the same model share the work; a third, in the form of OpenAI's API, judges. Examples that
// need servers are compiled and not run.
func ExampleNewPool() {
	ctx := context.Background()
	first, err := ragft.NewOllamaModel(ctx, "qwen3:4b", ragft.OllamaOptions{BaseURL: "http://10.0.0.5:11434"})
	if err != nil {
		log.Fatal(err) // errors.Is tells ragft.ErrServerDown from ragft.ErrModelMissing
	}
	second, err := ragft.NewOllamaModel(ctx, "qwen3:4b", ragft.OllamaOptions{BaseURL: "http://10.0.0.6:11434"})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := ragft.NewPool(ragft.PoolOptions{}, first, second)
	if err != nil {
		log.Fatal(err)
	}
	judge, err := ragft.NewOpenAIModel("large", ragft.OpenAIOptions{BaseURL: "http://10.0.0.7:8000/v1"})
	if err != nil {
		log.Fatal(err)
	}
	index := exampleIndex(ctx)
	defer index.Close()
	demos, err := ragft.Generate(ctx, pool, index, exampleQuestions(), ragft.GenerateOptions{Judge: ragft.JudgeOptions{Model: judge}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(demos.Rows))
}

// writer stands for a model that can write questions.
type writer struct{}

func (writer) Name() string { return "writer" }

func (writer) Chat(_ context.Context, reqs []ragft.ChatRequest) ([]ragft.ChatResponse, error) {
	responses := make([]ragft.ChatResponse, len(reqs))
	for i := range reqs {
		responses[i].Samples = []ragft.ChatSample{{Text: "Question: Who opened the Blue Inn?\nAnswer: Ann Lee", Tokens: 12, MeanLogProb: -0.2}}
	}
	return responses, nil
}

// A model writes questions about the documents. Those whose answer does not stand there are left out; the
// others are worth a look before they are used.
func ExampleComposeQuestions() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	var chunks []retriever.Chunk
	for chunk, err := range index.Chunks(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
	composed, err := ragft.ComposeQuestions(ctx, writer{}, chunks, ragft.ComposeOptions{MinChunk: -1})
	if err != nil {
		log.Fatal(err)
	}
	for _, q := range composed.Questions {
		fmt.Println(q.Question, q.Answer)
	}
	// Output: Who opened the Blue Inn? Ann Lee
}

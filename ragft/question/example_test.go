package question_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

type writer struct{}

func (writer) Name() string { return "writer" }

func (writer) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	responses := make([]model.Response, len(reqs))
	for i, req := range reqs {
		text, user := "I do not know.", req.Messages[len(req.Messages)-1].Content
		switch {
		case strings.HasSuffix(user, "\nQuestion:"): // it writes a question
			text = "Who opened the Blue Inn?"
		case strings.HasPrefix(user, "Document 1:"): // it answers from the passage
			text = "Ann Lee"
		}
		responses[i].Samples = []model.Sample{{Text: text, Tokens: 6, MeanLogProb: -0.2}}
	}
	return responses, nil
}

func ExampleFindLeaks() {
	training := []question.Question{{ID: "t1", Question: "Who opened the Blue Inn in Dunmore, and in what year was that?"}}
	held := []question.Question{
		{ID: "h1", Question: "Who opened the Blue Inn in Dunmore, and in what year?"},
		{ID: "h2", Question: "How many rooms does the inn have?"},
	}
	leakage := question.FindLeaks(training, held, question.LeakOptions{})
	for _, q := range leakage.Without(held) {
		fmt.Println(q.ID)
	}
	// Output: h2
}

func ExampleCompose() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	var chunks []retriever.Chunk
	for chunk, err := range index.Chunks(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
	composed, err := question.Compose(ctx, writer{}, chunks, question.ComposeOptions{MinChunk: opt.Of(0), Unanswerable: opt.Of(0.0)})
	if err != nil {
		log.Fatal(err)
	}
	for _, q := range composed.Questions {
		fmt.Println(q.Question, q.Answer)
	}
	// Output: Who opened the Blue Inn? Ann Lee
}

func ExampleSplit() {
	var questions []question.Question
	for i := range 10 {
		questions = append(questions, question.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Answer: "Ann Lee"})
	}
	train, heldOut := question.Split(questions, 0.2, 1)
	fmt.Println(len(train), len(heldOut))
	// Output: 8 2
}

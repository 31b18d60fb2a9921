package searchtune_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/searchtune"
	"github.com/ragft/ragft/retriever"
)

func ExampleLearn() {
	ctx := context.Background()
	var m model.Model                 // one that scores, such as that of package local
	var index *retriever.Index        // of the documents
	var questions []question.Question // with reference answers
	result, err := searchtune.Learn(ctx, m, index, questions, searchtune.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("MRR %.3f before, %.3f after\n", result.MRR.Before, result.MRR.After)
	if result.On { // the gain is shown on questions that were held out
		tuned, err := index.Tuned(ctx, result.Tuning)
		if err != nil {
			log.Fatal(err)
		}
		hits, err := tuned.Search(ctx, "Who opened the Blue Inn?", 4)
		fmt.Println(len(hits), err)
	}
}

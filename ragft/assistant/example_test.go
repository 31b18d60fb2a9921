package assistant_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/assistant"
)

func ExampleAssistant() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	assistant := assistant.New(fixture.Reader{}, index, assistant.Options{})
	answer, err := assistant.Answer(ctx, "Who opened the Blue Inn?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	for _, c := range answer.Citations {
		fmt.Printf("%s, bytes %d to %d: %s\n", c.Source, c.Start, c.End, c.Quote)
	}
	// Output:
	// Ann Lee
	// inn.md, bytes 32 to 65: It was opened in 1912 by Ann Lee.
}

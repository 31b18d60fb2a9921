package abstain_test

import (
	"fmt"
	"log"

	"github.com/ragft/ragft/ragft/abstain"
)

func ExampleFit() {
	// In a program the signals come from Measure, of questions that nothing was trained on.
	var points []abstain.Point
	for i := range 200 {
		held := i%2 == 0
		declining := -float64(i) / 10 // how likely the model finds the refusal
		if held {
			declining -= 12
		}
		points = append(points, abstain.Point{Held: held, Signals: abstain.Signals{abstain.Declining: declining}})
	}
	rule, err := abstain.Fit(points, "Sorry, the documents do not say.", abstain.Options{FalseRefusals: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	c := rule.Calibration
	fmt.Printf("declined although the answer was shown: %d of %d\n", c.Declined, c.Held)
	fmt.Println("answers:", rule.Answers(abstain.Signals{abstain.Declining: -25}))
	fmt.Println("answers:", rule.Answers(abstain.Signals{abstain.Declining: -1}))
	// Output:
	// declined although the answer was shown: 9 of 100
	// answers: true
	// answers: false
}

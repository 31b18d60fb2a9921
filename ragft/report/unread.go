package report

import (
	"fmt"

	"github.com/ragft/ragft/internal/refusal"
)

// Unread says that refusals are not recognised well enough in the language of the questions; "" if they are.
func (r *Results) Unread() string {
	if r.UnreadLanguage == "" {
		return ""
	}
	if accuracy := refusal.Accuracy(r.UnreadLanguage); accuracy > 0 {
		return fmt.Sprintf("In the language of most questions (%s), only %.0f %% of replies in a test were recognised as what they "+
			"are, an answer or a refusal. Do not rely on the figures for made-up answers and false refusals.", r.UnreadLanguage, 100*accuracy)
	}
	return fmt.Sprintf("Most questions are in another language (%s) than those in which refusals are recognised: English, German, French, "+
		"Spanish, Chinese and Japanese. A refusal in it counts as an answer, so do not rely on the figures for made-up answers "+
		"and false refusals.", r.UnreadLanguage)
}

package report

import "fmt"

// Unread says that refusals are not recognised in the language of the questions; "" if they are.
func (r *Results) Unread() string {
	if r.UnreadLanguage == "" {
		return ""
	}
	return fmt.Sprintf("Most questions are in another language (%s) than those in which refusals are recognised: English, German, French, "+
		"Spanish, Chinese and Japanese. A refusal in it counts as an answer, so do not rely on the figures for made-up answers "+
		"and false refusals.", r.UnreadLanguage)
}

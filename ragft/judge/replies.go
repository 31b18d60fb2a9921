package judge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// ErrUnread means that no reply of the judge could be read as a verdict.
var ErrUnread = errors.New("no reply of the judge could be parsed")

// unreadLimit is the number of replies, none of them readable, that show that
// a model cannot judge.
const unreadLimit = 4

// note counts a reply.
func (j *Judge) note(text string, read bool) {
	j.replies++
	if read {
		j.read++
	} else if j.first == "" {
		j.first = text
	}
}

// Replies returns the number of replies of the judge, and how many of them
// could not be read.
func (j *Judge) Replies() (all, unread int) { return j.replies, j.replies - j.read }

// unread is [ErrUnread] once it is clear that the judge never gives a verdict.
func (j *Judge) unread() error {
	if j.read > 0 || j.replies < unreadLimit {
		return nil
	}
	without := "leave Model nil to do without a judge"
	if j.Knockout {
		without = "set Knockout to false"
	}
	return fmt.Errorf("%w: %s gave %d replies, the first of them %.80q; set the judge's Model to a more capable one, raise MaxTokens (now "+
		"%d) if it reasons before it answers, or %s",
		ErrUnread, j.Model.Name(), j.replies, j.first, j.WithDefaults().MaxTokens, without)
}

// countVotes reads the replies of one ballot.
func countVotes(samples []model.Sample) answer.Votes {
	var votes answer.Votes
	for _, sample := range samples {
		switch yes, ok := parseVote(sample.Text); {
		case !ok:
			votes.Unparsed++
		case yes:
			votes.Yes++
		default:
			votes.No++
		}
	}
	return votes
}

// parseVote reads a yes or no: the first word of the reply, else the only one
// of the two that occurs in it.
func parseVote(text string) (yes, ok bool) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return false, false
	}
	if words[0] == "yes" || words[0] == "no" {
		return words[0] == "yes", true
	}
	hasYes, hasNo := slices.Contains(words, "yes"), slices.Contains(words, "no")
	return hasYes, hasYes != hasNo
}

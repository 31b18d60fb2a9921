package corpus

import "strings"

// systemMessage is the system message of every conversation, as in the library. The instruction says what to do.
const systemMessage = "You answer questions from documents."

// prompts holds the instructions, the library's own wording first, and the refusals.
type prompts struct {
	read, careful, refuse, closed, judge []string
	declining                            wordings
}

func (p *prompts) of(k Kind) []string {
	switch k {
	case Careful:
		return p.careful
	case Refuse:
		return p.refuse
	case Closed:
		return p.closed
	case Judge:
		return p.judge
	}
	return p.read
}

func (p *prompts) refusals(held bool) []string { return p.declining.from(held) }

func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func newPrompts() prompts {
	return prompts{
		read: lines(`Answer the question from the documents in a few words.
			Answer the question from the documents.
			Use the documents to answer the question.
			Read the documents and answer the question.
			Find the answer to the question in the documents.
			Answer with the help of the documents.
			The documents hold the answer. Give it in a few words.
			Give a short answer, taken from the documents.
			You are a helpful assistant. Answer the question using the text.
			Look at the documents and give the answer.`),
		closed: lines(`Answer the question in a few words.
			Answer the question.
			Give a short answer to the question.
			Answer the question from what you know.
			Answer in a few words.
			You are a helpful assistant. Answer the question.
			Say what you know about the question.
			Reply to the question briefly.`),
		careful: lines(`Answer the question from the documents in a few words. If the documents do not say, decline politely.
			Answer the question from the documents. If the documents do not say, decline politely.
			Use the documents to answer. If the answer is not there, decline politely.
			Read the documents and answer. If they do not hold the answer, say so politely.
			Answer only what the documents say, and decline politely otherwise.
			Answer from the documents, or decline politely if they do not say.
			Find the answer in the documents. Decline politely if it is not there.
			Answer with the help of the documents. Do not guess: decline if they do not say.
			If the documents answer the question, give the answer. If not, say politely that you cannot.`),
		refuse: lines(`Decline politely: the documents do not answer the question.
			The documents do not answer the question. Decline politely.
			Do not answer. Say politely that the documents do not say.
			Say politely that you cannot answer from the documents.
			The answer is not in the documents. Say so politely.
			Decline the question politely, since the documents do not say.
			Politely refuse to answer, because the documents do not help.`),
		judge: lines(`Does the answer agree with the reference? Reply yes or no.
			Compare the answer with the reference. Reply yes if they agree, else no.
			Is the answer right according to the reference? Reply yes or no.
			Do the reference and the answer say the same? Reply yes or no.
			Say yes if the answer means the same as the reference, and no if not.
			Judge the answer by the reference. Reply yes or no.
			Check the answer against the reference. Reply with yes or no.`),
		declining: alternatives(strings.Join(lines(refusalSentences), "|")),
	}
}

// refusalSentences are the ways to decline. Those with "~" are for the test set alone.
const refusalSentences = `Sorry, the documents do not say.
	Sorry, the documents do not say that.
	Sorry, the documents do not answer this.
	Sorry, the documents do not tell us that.
	Sorry, the documents do not answer the question.
	Sorry, that is not in the documents.
	Sorry, I cannot find that in the documents.
	Sorry, I cannot answer that from the documents.
	Sorry, I do not find the answer in the documents.
	Sorry, I cannot tell from the documents.
	I am sorry, but the documents do not say.
	I am sorry, the documents do not say that.
	I am sorry, but I cannot find that in the documents.
	I am sorry, but that is not in the documents.
	I am sorry, the documents do not answer this question.
	I am afraid the documents do not say.
	I am afraid that the documents do not tell.
	I am afraid I cannot answer that from the documents.
	I am afraid this is not in the documents.
	The documents do not say, I am afraid.
	Unfortunately, the documents do not say.
	Unfortunately, the documents do not answer this.
	Unfortunately, I cannot find that in the documents.
	I cannot answer that: the documents do not say.
	I cannot say, since the documents do not tell.
	I do not know, because the documents do not say.
	That is not said in the documents, sorry.
	The documents do not mention that, sorry.
	Sorry, there is nothing about that in the documents.
	Sorry, nothing in the documents answers this.
	~Sorry, I see no answer to this in the documents.
	~I am afraid the documents leave that open.
	~Unfortunately, that is not something the documents tell.`

package refusal_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/refusal"
)

// reply is a labelled line; see testdata/README.md.
type reply struct{ Text, Label, Split string }

func replies(t *testing.T, name string) (all []reply) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r reply
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		all = append(all, r)
	}
	require.NoError(t, lines.Err())
	return all
}

// The floors hold what was measured, less three points. Of the files with held lines, those of the split "test" were not read
// while the rules were written, and they alone are measured; all other lines were read.
// Misses are printed of lines that were read only, with -v.
func TestLabelledReplies(t *testing.T) {
	for _, c := range []struct {
		name              string
		held              bool
		precision, recall float64
	}{
		{"en-dev", false, 0.97, 0.97}, {"en-test", false, 0.97, 0.919}, {"en-second-dev", false, 0.94, 0.97},
		{"en-second-test", false, 0.942, 0.97}, {"en-third-dev", false, 0.97, 0.97}, {"en-third-test", true, 0.888, 0.773},
		{"de", false, 0.97, 0.97}, {"fr", false, 0.97, 0.97}, {"es", false, 0.97, 0.97}, {"zh", false, 0.97, 0.97},
		{"ja", false, 0.97, 0.97}, {"de-second", true, 0.803, 0.684}, {"fr-second", true, 0.879, 0.684},
		{"es-second", true, 0.97, 0.827}, {"zh-second", true, 0.97, 0.684}, {"ja-second", true, 0.879, 0.684},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits, claims, labels, unsure := 0, 0, 0, 0
			for _, r := range replies(t, c.name) {
				verdict, lean := refusal.Decide(r.Text)
				got, want := lean == refusal.Declines, r.Label == "refusal"
				unread := c.held && r.Split == "test"
				if got != want && !unread {
					t.Logf("declines: %v, of %q", got, r.Text)
				}
				if c.held && !unread {
					continue
				}
				hits, claims, labels = hits+btoi(got && want), claims+btoi(got), labels+btoi(want)
				unsure += btoi(verdict == refusal.Unsure)
			}
			precision, recall := float64(hits)/float64(claims), float64(hits)/float64(labels)
			t.Logf("precision %.3f, recall %.3f, unsure %d", precision, recall, unsure)
			require.GreaterOrEqual(t, precision, c.precision, "precision")
			require.GreaterOrEqual(t, recall, c.recall, "recall")
		})
	}
}

// What is said about the accuracy in a language is what the unread replies show.
func TestAccuracy(t *testing.T) {
	for language, name := range map[string]string{
		"en": "en-third-test", "de": "de-second", "fr": "fr-second", "es": "es-second", "zh": "zh-second", "ja": "ja-second",
	} {
		right, all := 0, 0
		for _, r := range replies(t, name) {
			if r.Split == "test" {
				_, lean := refusal.Decide(r.Text)
				right, all = right+btoi((lean == refusal.Declines) == (r.Label == "refusal")), all+1
			}
		}
		require.InDelta(t, float64(right)/float64(all), refusal.Accuracy(language), 0.0005, "%s: %d of %d", language, right, all)
	}
	require.Zero(t, refusal.Accuracy("it"))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The time does not grow with the square of the length: a sentence with a thousand turns took minutes once.
func TestLongReplies(t *testing.T) {
	for _, long := range []string{
		strings.Repeat("The document does not say, but ", 30_000), strings.Repeat("(The document does not say: ", 30_000),
		strings.Repeat("nicht ", 200_000), strings.Repeat("無", 400_000),
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			refusal.Decide(long)
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("a reply of %d bytes is still being read after a minute", len(long))
		}
	}
	_, lean := refusal.Decide("The documents do not say. " + strings.Repeat("Please ask the keeper of the mill. ", 1000))
	require.Equal(t, refusal.Declines, lean)
}

func TestDecide(t *testing.T) {
	for text, want := range map[string]bool{
		// An answer, and what is not known beyond it.
		"It was founded in 1912; the documents do not give the month.":                  false,
		"It was founded in 1912, although the documents do not say by whom.":            false,
		"Anna Pell founded it in 1912 (the documents do not mention the month).":        false,
		"Anna Pell, but I do not know the year.":                                        false,
		"Nine rooms, as far as the documents say; the number of beds is not mentioned.": false,
		"Osk Varley [1]. Document 2 does not mention the keeper.":                       false,
		"1912 - the month cannot be determined.":                                        false,
		"The keeper is Osk Varley; it is not stated in the documents when he began.":    false,
		"Nine rooms; how many beds there are the notes leave open.":                     false,
		"Petra Lund [2]. What she paid for it is nowhere stated.":                       false,
		// By number, or put impersonally.
		"Document 1 does not mention the keeper.":                      true,
		"Document [1] does not say.":                                   true,
		"None of the three documents mentions the keeper.":             true,
		"The provided document [1] does not contain this information.": true,
		"The first document does not mention it.":                      true,
		"There's nothing about that in the notes.":                     true,
		"The price isn't listed.":                                      true,
		"From the context given, it's unclear who founded it.":         true,
		"Sources [2] and [3] are silent on this.":                      true,
		"I went through passages 1 to 4 and found no date.":            true,
		"The opening date has yet to appear in these notes.":           true,
		"The logbook breaks off before they land.":                     true,
		"The cause stays open in the documents.":                       true,
		"Neither source clarifies the price.":                          true,
		"I found the architect but not the year.":                      true,
		"The report has no chapter on tolls; I can't answer.":          true,
		"The minutes give no answer to this.":                          true,
		"They cannot say with any precision when it will erupt.":       false,
		"That the workers were not paid.":                              false,
		// Whatever the text is called, as long as it is said in the present.
		"The recipe doesn't give a baking time.":                                 true,
		"Your newsletters talk about the choir, yet never once name its leader.": true,
		"What became of the ship we never learn.":                                true,
		"The brochure is all photos. Nothing in it concerns prices.":             true,
		"The passage doesn't give a number; it says that \"hundreds\" came.":     false,
		"The committee did not mention the price.":                               false,
		"The law does not specify a minimum age.":                                false,
		// A document that ends too early, is about something else, or was not handed over.
		"The part I have ends before the notice period, so I can't answer.": true,
		"The letter is from 1871, so it can't tell us about the fire.":      true,
		"Please upload the appendix; the figures weren't attached.":         true,
		"The third page is missing.":                                        false,
		// Facts that are not the answer, a table, and what stands around a reply.
		"The museum has three floors. However, the text does not say how many rooms.": true,
		"The museum has three floors. The text does not say how many rooms.":          false,
		"| Item | Value |\n|---|---|\n| Weight | not stated |":                        true,
		"Shelf life: unknown": true,
		"Dear customer, thank you for asking. The documents do not say. Kind regards": true,
		"{\"answer\": null, \"reason\": \"not in the context\"}":                      true,
		"i cant find it in the docs sorry":                                            true,
		// Other languages.
		"Dazu sagt der Aushang nichts.":      true,
		"In der Regel nicht.":                false,
		"Lo siento, no sé.":                  true,
		"No se permite fumar.":               false,
		"L'extrait s'arrête avant la liste.": true,
		"对不起，我在文档中找不到答案。":                    true,
		"与えられた文書からは答えられません。":                 true,
		// An answer without a verb, and one that is hedged, or inferred from the documents.
		"For nine years, but the documents do not say from when.":                    false,
		"For the mill, however, the documents do not say.":                           true,
		"About a dozen, though the text doesn't say exactly.":                        false,
		"As a gift from the town; when is not stated.":                               false,
		"As for the owner; the documents do not say.":                                true,
		"Yes, it seems so, but I'm not entirely sure.":                               false,
		"I don't know. Maybe 1912.":                                                  false,
		"I don't know. Maybe the library can help.":                                  true,
		"It isn't explicitly mentioned, but the context suggests Petra Lund.":        false,
		"It is not stated, but the context does not suggest anything either.":        true,
		"While the exact price isn't given, tickets cost less than 5 marks.":         false,
		"The passage does not say when the ferry leaves, only that it leaves daily.": true,
		"Ja, obwohl die Dokumente den Grund nicht nennen.":                           false,
		"Sans doute Petra Lund, mais le texte n'est pas clair.":                      false,
		"Sí, pero los documentos no dicen por qué.":                                  false,
		"是的，但文档没有说原因。":                                                               false,
		"九年間ですが、いつからかは書かれていません。":                                                     false,
		// What is said of refusing, and what only may be so.
		"The model should refuse to answer if the documents do not say.":                 false,
		"A refusal is an answer that says the documents do not contain the information.": false,
		"It returns false when the key is not present in the map.":                       false,
		"The error means that the document could not be found.":                          false,
		"If the documents do not mention it, I cannot tell you.":                         true,
		"When asked about the owner, the documents are silent.":                          true,
		"Das Modell soll ablehnen, wenn die Dokumente die Antwort nicht enthalten.":      false,
		"Le modèle doit refuser si les documents ne contiennent pas la réponse.":         false,
		"El modelo debe negarse si los documentos no contienen la respuesta.":            false,
		"如果文档没有答案，模型应该拒绝回答。":                                                             false,
		"如果文档没有提到，我就无法回答。":                                                               true,
		"文書に答えがない場合、モデルは回答を断るべきです。":                                                      false,
		// What a document says of the world, of somebody, or of a word.
		"The report says the cause of the fire was never determined.":             false,
		"The text says the mill was built in 1912 but the builder is not named.":  true,
		"The text says it is about whales and the price is not given.":            true,
		"The cause of the fire was never determined.":                             false,
		"It is still unknown why whales sing.":                                    false,
		"It is not known who built the tower, according to the chronicle.":        false,
		"A man whose name is not given.":                                          false,
		"The information was withheld from the public.":                           false,
		"The contract does not cover flood damage.":                               false,
		"The author does not speak Danish.":                                       false,
		"The data is not shared with others.":                                     false,
		"No results were published.":                                              false,
		"His name is not on the memorial.":                                        false,
		"Document 1 gives 1912, document 2 gives 1913; neither explains the gap.": false,
		"Das Dokument sagt, dass niemand überlebt hat.":                           false,
		"Der Minister wollte die Frage nicht beantworten.":                        false,
		"Auf dem Schild steht nicht „Stopp“, sondern „Halt“.":                     false,
		"Le panneau ne dit pas « stop » mais « halte ».":                          false,
		"文档说没有人生还。":                                                               false,
		// Refusals in other words, and what a document says beside.
		"To my knowledge, the documents do not mention it.":                             true,
		"Nope, the docs don't say.":                                                     true,
		"None of this is mentioned in the text.":                                        true,
		"Nobody is named as the owner in these documents.":                              true,
		"Nothing about dogs.":                                                           true,
		"The documents neither mention a ferry nor a bridge.":                           true,
		"I can neither confirm nor deny this from the documents.":                       true,
		"From what I can see, the documents do not say, but I may be wrong.":            true,
		"Die Dokumente sagen nur, wann die Mühle schloss, nicht aber, wem sie gehörte.": true,
		"Die Information ist nicht vorhanden.":                                          true,
		"Les documents parlent du pont, mais pas de son architecte.":                    true,
		"Los documentos hablan del puente, pero no de su arquitecto.":                   true,
		"没有提到价格。":                                                                       true,
		"その情報は持っていません。":                                                                 true,
		// Plain sentences about papers, data and springs.
		"The document does not expire.":                                         false,
		"The passage does not allow tall ships.":                                false,
		"The inn is not in the records of 1900 because it was founded in 1912.": false,
		"The file has no owner.":                                                false,
		"It cannot be determined by eye; use a gauge.":                          false,
		"The sources do not freeze.":                                            false,
		"The snippet does not compile.":                                         false,
		"The documents are not sealed.":                                         false,
		"I am not sure of foot, says the goat.":                                 false,
		"The data does not include 2020.":                                       false,
		"The paper does not contain acid.":                                      false,
		"The files do not contain viruses.":                                     false,
		"The information is not confidential.":                                  false,
		"There was no answer to the letter.":                                    false,
		"The excerpt does not rhyme.":                                           false,
		"The data cannot be restored without the key.":                          false,
		// What a review found.
		"The documents do not cover it; the mill is described, but no owner is named.": true,
		"In the documents, the mill is mentioned, but they do not say who built it.":   true,
		"In the passage, the founder is mentioned, but his name is not given.":         true,
		"To answer this I looked at the documents, but they do not say.":               true,
		"On this topic; the documents do not say.":                                     true,
		"Das Dokument sagt es nicht.":                                                  true,
		"Die Dokumente sagen es nicht.":                                                true,
		"Der Text sagt, dass der Preis nicht bekannt ist.":                             true,
		"Die Dokumente sagen nicht, warum sie gehen wollte.":                           true,
		"Warum er fliehen wollte, steht nicht in den Dokumenten.":                      true,
		"Ich weiß nicht, ob er es verkaufen durfte.":                                   true,
		"Based on the documents, it is still unclear who founded the mill.":            true,
		"It is not known who founded it, according to the provided documents.":         true,
		"The policy does not include information about pets.":                          true,
		"The lease does not include any details on the notice period.":                 true,
		"The contract does not cover this question.":                                   true,
		"It is not stated in the documents, but I am not entirely sure.":               true,
		"It seems the documents do not say, but I am not certain.":                     true,
		"In the documents, the owner was never named.":                                 true,
		"A man who built it is not named in the documents.":                            true,
		"The text does not speak of Japan.":                                            true,
		"I don't know. Maybe rephrase the question?":                                   true,
		"The documents do not say. Perhaps provide the full report.":                   true,
		"The documents do not say. Perhaps the town hall keeps records.":               true,
		"当年的票价文档没有提到。":                                                                 true,
		"当地的人口文档没有说明。":                                                                 true,
		"当前版本文档没有说明。":                                                                  true,
		"As to when, the documents do not say.":                                        true,
		"As for when, the text does not say.":                                          true,
		"I cannot answer this. Let me know if the documents are incomplete.":           true,
		"I do not know. Please try another file if the documents do not contain it.":   true,
		"The documents state that the price is not given.":                             true,
		"The passage says it is not specified.":                                        true,
		"The file was not shared with this chat.":                                      true,
		"The appendix was not provided to the assistant.":                              true,
		"According to the policy, no refunds are given.":                               false,
		"Based on the lease, no parking is included.":                                  false,
		"If you cancel late, no refund is given.":                                      false,
		"Since then, no changes were made to the bridge.":                              false,
		"Yes, because no permit was given.":                                            false,
		"Le livre traite de la mer et non de la montagne.":                             false,
		"La recette demande du citron et non du vinaigre.":                             false,
		"El horario indica las nueve y no las diez.":                                   false,
		"El programa da acceso a los socios y no cobra nada.":                          false,
		"The report suggests no foul play.":                                            false,
		"No football matches in winter.":                                               false,
		"Ein Zugang ist nicht vorhanden.":                                              false,
		"The documents do not say. Maybe Petra Lund.":                                  false,
		"The documents do not say. Perhaps it was the miller's brother.":               false,
		"Based on the documents, no price is given.":                                   true,
		"The mill is described, but no owner is given.":                                true,
		"The policy does not cover this.":                                              true,
		"The page was not included in this conversation.":                              true,
		// Thoughts do not count.
		"<think>\nThe documents do not say who. Wait, document 1 does.\n</think>\n\nOsk Varley": false,
		"I cannot find it... yes, document 1.\n</think>\n\nOsk Varley":                          false,
		"<think>It is there.</think>The documents do not say.":                                  true,
		"<think>The documents do not say":                                                       false,
	} {
		_, lean := refusal.Decide(text)
		assert.Equal(t, want, lean == refusal.Declines, text)
	}
}

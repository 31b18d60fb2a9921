package answer

import (
	"strings"
	"testing"
)

func TestIsRefusal(t *testing.T) {
	refusals := []string{
		"I don't know.",
		"I don’t know",
		"I dont know",
		"I do not know the answer to that.",
		"Sorry, I don't know.",
		"Sorry, the documents do not say.",
		"Sorry, the documents don’t say who built it.",
		"The documents do not say.",
		"The documents do not mention the founder.",
		"The provided documents don't contain this information.",
		"The passages above never mention it.",
		"The context does not provide enough information to answer.",
		"The text does not state when it opened.",
		"Document 1 and the other documents do not tell.",
		"It does not say.",
		"They don't say.",
		"None of the documents mentions the mill's owner.",
		"None of these passages says so.",
		"No document says who keeps the lighthouse.",
		"Nothing in the documents answers that.",
		"Nothing is said about the price.",
		"There is no information about the founder of the mill.",
		"There's no mention of a bridge in the text.",
		"There is not enough information to answer the question.",
		"No information is given.",
		"No answer.",
		"No answer in the documents.",
		"The answer is not in the documents.",
		"The answer isn't given here.",
		"That is not stated in the documents.",
		"That's not mentioned.",
		"The name of the founder is not mentioned in the passages.",
		"The founder of the mill is not specified.",
		"When it was built is not stated in these documents.",
		"Not mentioned in the documents.",
		"Not stated.",
		"Unknown.",
		"unknown",
		"It is unknown.",
		"It is not known.",
		"N/A",
		"No idea.",
		"Not sure.",
		"I'm not sure.",
		"I am not certain about that.",
		"I'm afraid I can't answer that.",
		"I’m afraid the documents say nothing about it.",
		"I cannot answer that.",
		"I can't tell from these documents.",
		"I can not say.",
		"I could not find an answer in the documents.",
		"I am unable to answer this question.",
		"I'm unable to help with that.",
		"We cannot tell.",
		"Cannot say.",
		"Can't tell.",
		"I have no information on that.",
		"I don't have that information.",
		"I have no idea.",
		"I must decline to answer.",
		"I'd rather not guess.",
		"I prefer not to guess.",
		"I won't guess.",
		"Sorry.",
		"Sorry, that is not something I can answer.",
		"Sorry, nothing here tells me that.",
		"Sorry, but I cannot help with this.",
		"Sorry - no answer is given.",
		"Apologies, the texts are silent on this.",
		"My apologies, but that is beyond what the documents cover.",
		"I apologize, but I cannot find it.",
		"Unfortunately, the documents do not contain the answer.",
		"Unfortunately I do not know.",
		"Based on the provided documents, there is no information about the year.",
		"Based on these passages, I cannot determine the height.",
		"According to the documents, it is unclear; I cannot say.",
		"The year cannot be determined from the context.",
		"This question cannot be answered from the documents.",
		"It is impossible to say from the documents.",
		"It's impossible to tell.",
		"Insufficient information.",
		"Not enough information.",
		"The documents are silent on this.",
		"The documents say nothing about the owner.",
		"The documents give no answer.",
		"The documents leave that open.",
		"The documents lack that detail.",
		"The documents fail to mention it.",
		"The article has no information about the price.",
		"The sources are not clear.",
		"I don't know, but you could ask at the town hall.",
		"The documents do not say, but I can look for something else if you like.",
		"Sorry, but the documents do not say.",
		"The documents do not say. They only describe the mill and its owner.",
		"I don't know. The mill is described, but its founder is not named.",
		"Sorry. The documents do not say that.",
		"Who founded the mill? The documents do not say.",
		"Answer: I don't know.",
		"**I don't know.**",
		"\"I don't know.\"",
		"  the DOCUMENTS do not SAY  ",
		"I DON'T KNOW",
		"Nobody knows.",
		"As an AI, I cannot answer that.",
		"As for the founder, the documents do not say.",
		"Unfortunately, that is not something the documents tell.",
		"I am afraid the documents leave that open.",
		"I am afraid this is not in the documents.",
		"Sorry, I see no answer to this in the documents.",
		"The documents do not mention that, sorry.",
		"I cannot say, since the documents do not tell.",
	}
	for _, text := range refusals {
		if !IsRefusal(text) {
			t.Errorf("not seen as a refusal: %q", text)
		}
	}
	answers := []string{
		"",
		"   ",
		"...",
		"No, the mill",
		"No.",
		"None.",
		"Nothing.",
		"No",
		"Nobody knows Street",
		"Nobody Knows Street",
		"1912",
		"Mara Venn",
		"The mill.",
		"Yes.",
		"Not far from the river",
		"North of the Unknown Soldier's grave",
		"The Unknown Soldier",
		"Never, it has always been open.",
		"Sorrel soup",
		"Sorry Street",
		"The ship Sorry",
		"He did not know her, so he left.",
		"Because she could not find a boat.",
		"He said that he could not say no.",
		"They cannot swim.",
		"It cannot fly.",
		"The mill does not open on Mondays.",
		"The museum is not open on Sundays.",
		"The bridge was not finished until 1912.",
		"The band was not known outside the valley.",
		"It was not given to the town but sold.",
		"The documents were kept in the town hall.",
		"The documents",
		"A box of documents",
		"She wrote that the answer is 12.",
		"Documents and passages",
		"It is made of oak, not pine.",
		"Information desk",
		"No Name Inn",
		"The No Idea Club",
		"Not Known Island",
		"The book \"I Don't Know\" by Ada Lind",
		"“I Don’t Know” by Ada Lind",
		"The song “The Documents Do Not Say”, from 1912",
		"Built in 1912. The documents do not name the builder.",
		"The documents do not say the year, but it was built by Mara Venn.",
		"I'm not sure about the day, but the mill opened in 1912.",
		"Ada Lind, who does not know how to swim",
		"Unfortunately it burned down in 1912.",
		"Unfortunately, the mill was not rebuilt.",
		"I, Claudius",
		"We Are Not Alone",
		"Passage Island",
		"The Context Club",
		"A source of clean water",
		"In the text room of the museum",
		"About 40 pages of notes",
		"Ask Ada Lind",
		"It has no rooms.",
		"It is not in the valley.",
		"Sailing, not something else",
		"Not in the village but on Grey Hill",
		"There is no bridge.",
		"There are no pupils left.",
		"No pupils",
		"The lake has no fish.",
		"Unclear water",
		"Uncertain Smile",
		"Nothing but bread",
		"None of the boats",
		"None of the members of the club",
		"Not the mill, the inn",
		"The last page is missing, so 12.",
	}
	for _, text := range answers {
		if IsRefusal(text) {
			t.Errorf("seen as a refusal: %q", text)
		}
	}
}

// The base model's refusals come with any question's words in them.
func TestIsRefusalWithEcho(t *testing.T) {
	for _, topic := range []string{"the mill", "Ada Lind's horse", "the height of Grey Hill", "who won in 1912"} {
		for _, frame := range []string{
			"Sorry, the documents do not say anything about %.",
			"The documents do not mention %.",
			"I cannot find % in the documents.",
			"There is no information on % here.",
			"I am sorry, but nothing is said about %.",
			"Nothing about % is written in the documents, sorry.",
		} {
			text := strings.Replace(frame, "%", topic, 1)
			if !IsRefusal(text) {
				t.Errorf("not seen as a refusal: %q", text)
			}
		}
	}
}

func FuzzIsRefusal(f *testing.F) {
	for _, s := range []string{"I don't know.", "Sorry, the documents do not say.", "1912", "", "\xff", "\"", "?!.", "but however"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := IsRefusal(s)
		if IsRefusal(s) != got {
			t.Fatalf("two results for %q", s)
		}
		// Blank space and case around a text carry no meaning.
		if spaced := IsRefusal("  " + s + "\n"); spaced != got {
			t.Fatalf("%q: %v, with blank space around it %v", s, got, spaced)
		}
		if strings.TrimSpace(s) == "" && got {
			t.Fatalf("the empty text %q is a refusal", s)
		}
	})
}

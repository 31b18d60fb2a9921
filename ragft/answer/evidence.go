package answer

func IsYesNo(word string) bool { return word == "yes" || word == "no" || word == "maybe" }

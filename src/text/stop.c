#include "text/stop.h"

enum { LONGEST = 10 };

/* Sorted bytewise. Words that name a fault (not found, cannot open) lose only their function words:
 * what is left still tells the faults apart. */
static const char words[][LONGEST + 1] = {
    "a",        "aber",       "about",     "above",    "after",     "again",     "against",
    "al",       "all",        "also",      "although", "always",    "am",        "an",
    "and",      "another",    "any",       "anyone",   "anything",  "are",       "arent",
    "around",   "as",         "at",        "au",       "auch",      "auf",       "avec",
    "be",       "became",     "because",   "been",     "before",    "bei",       "being",
    "below",    "between",    "both",      "but",      "by",        "came",      "can",
    "cannot",   "cant",       "ce",        "come",     "como",      "con",       "could",
    "couldnt",  "dans",       "das",       "de",       "del",       "dem",       "den",
    "der",      "des",        "did",       "didnt",    "die",       "do",        "does",
    "doesnt",   "doing",      "done",      "dont",     "down",      "du",        "during",
    "each",     "ein",        "eine",      "either",   "el",        "elle",      "else",
    "en",       "es",         "est",       "et",       "etc",       "even",      "ever",
    "every",    "few",        "for",       "from",     "further",   "get",       "gets",
    "getting",  "given",      "go",        "goes",     "going",     "gone",      "got",
    "had",      "has",        "hasnt",     "hat",      "have",      "havent",    "having",
    "he",       "hello",      "hence",     "her",      "here",      "hers",      "hi",
    "him",      "himself",    "his",       "how",      "however",   "i",         "ich",
    "id",       "if",         "il",        "ill",      "im",        "in",        "instead",
    "into",     "is",         "isnt",      "ist",      "it",        "its",       "itself",
    "ive",      "je",         "just",      "kind",     "know",      "la",        "las",
    "le",       "least",      "les",       "let",      "lets",      "like",      "los",
    "lot",      "made",       "make",      "makes",    "many",      "may",       "maybe",
    "me",       "mi",         "might",     "mine",     "mit",       "mon",       "more",
    "most",     "much",       "must",      "my",       "myself",    "nach",      "ne",
    "need",     "neither",    "nicht",     "no",       "nor",       "not",       "now",
    "of",       "off",        "often",     "ok",       "okay",      "on",        "once",
    "one",      "only",       "onto",      "or",       "other",     "others",    "otherwise",
    "our",      "ours",       "ourselves", "out",      "over",      "own",       "para",
    "pas",      "per",        "perhaps",   "pero",     "please",    "pls",       "por",
    "possible", "pour",       "put",       "que",      "qui",       "quite",     "rather",
    "really",   "regarding",  "same",      "se",       "seem",      "seemed",    "seems",
    "several",  "shall",      "she",       "should",   "shouldnt",  "sich",      "since",
    "sind",     "so",         "some",      "someone",  "something", "sometimes", "somewhere",
    "sont",     "still",      "such",      "sur",      "sure",      "take",      "than",
    "thank",    "thanks",     "that",      "thats",    "the",       "their",     "theirs",
    "them",     "themselves", "then",      "there",    "therefore", "these",     "they",
    "theyre",   "this",       "those",     "though",   "through",   "thus",      "thx",
    "to",       "together",   "too",       "toward",   "tried",     "try",       "trying",
    "two",      "u",          "un",        "una",      "und",       "under",     "une",
    "until",    "up",         "upon",      "us",       "use",       "used",      "uses",
    "using",    "very",       "via",       "von",      "want",      "wanted",    "war",
    "was",      "wasnt",      "way",       "we",       "well",      "wenn",      "went",
    "were",     "werent",     "what",      "whatever", "when",      "whenever",  "where",
    "whereas",  "whether",    "which",     "while",    "who",       "whom",      "whose",
    "why",      "wie",        "will",      "wird",     "with",      "within",    "without",
    "wont",     "would",      "wouldnt",   "y",        "yes",       "yet",       "you",
    "your",     "youre",      "yours",     "yourself", "zu",
};

bool sc_stop_word(sc_str word) {
    if (word.n == 0 || word.n > LONGEST) return false;
    size_t lo = 0, hi = SC_LEN(words);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = (unsigned char)word.p[0] - (unsigned char)words[mid][0];
        if (c == 0) c = strncmp(word.p, words[mid], word.n);
        if (c == 0) c = words[mid][word.n] ? -1 : 0;
        if (c == 0) return true;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

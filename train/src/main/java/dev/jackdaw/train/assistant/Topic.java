package dev.jackdaw.train.assistant;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What can be asked about a type or a method: how people ask, how it is answered, and how the answer is read again.
///
/// The phrasings are ours. In them `{}` stands for the subject: `ArrayList`, `ArrayList.size`.
public enum Topic {
    PACKAGE("package", true, "It is in the package %s.", "is in the package (.+?)\\.?$",
        "Which package is {} in?", "What package does {} belong to?", "In which package is {}?", "Where is {}?", "Which package do I import {} from?",
        "What is the package of {}?", "Tell me the package of {}.", "I need {}. Where do I find it?", "{}: which package?", "which package has {}?"),
    KIND("kind of type", true, "It is %s.", "It is (.+?)\\.?$",
        "What kind of type is {}?", "Is {} a class, an interface or something else?", "What sort of type is {}?", "Tell me what kind of type {} is.",
        "{}: class or interface?", "How is {} declared?", "Which kind of type is {}?"),
    RETURNS("return type", true, "It returns %s.", "It returns (.+?)\\.?$",
        "What does {} return?", "What is the return type of {}?", "Which type does {} return?", "What do I get from {}?", "What comes back from {}?",
        "Tell me the return type of {}.", "{}: return type?", "I call {}. What does it return?"),
    THROWS("thrown exception", true, "It throws %s.", "It throws (.+?)\\.?$",
        "Which exception does {} throw?", "What does {} throw?", "What exception can {} throw?", "Which exception do I have to expect from {}?", "What can go wrong in {}?",
        "Tell me which exception {} throws.", "{}: which exception?", "What might be thrown by {}?"),
    SINCE("since", false, "It has been there since Java %s.", "since Java (.+?)\\.?$",
        "Since when is there {}?", "Which Java version introduced {}?", "When was {} added?", "How old is {}?", "In which release did {} appear?", "{}: since which version?"),
    DEPRECATED("deprecated", false, "%s.", "^(.+?)\\.?$",
        "Is {} deprecated?", "May I still use {}?", "Should I avoid {}?", "{}: is it deprecated?", "Is {} outdated?"),
    SUMMARY("what it does", false, "%s", "^(.*)$",
        "What does {} do?", "What is {} for?", "Explain {}.", "Describe {}.", "Tell me about {}.", "What is the purpose of {}?", "What is {} good for?");

    private final String label;
    private final boolean isMeasured;
    private final String answer;
    private final Pattern extraction;
    private final List<String> phrasings;

    Topic(String label, boolean isMeasured, String answer, String extraction, String... phrasings) {
        this.label = label;
        this.isMeasured = isMeasured;
        this.answer = answer;
        this.extraction = Pattern.compile(extraction, Pattern.DOTALL);
        this.phrasings = List.of(phrasings);
    }

    public String label() {
        return label;
    }

    /// One of the four kinds whose accuracy is compared with always giving the commonest answer.
    public boolean isMeasured() {
        return isMeasured;
    }

    public List<String> phrasings() {
        return phrasings;
    }

    public String question(int phrasing, String subject) {
        return phrasings.get(phrasing).replace("{}", subject);
    }

    public String answer(String value) {
        return String.format(answer, value);
    }

    /// The value in an answer, as [#answer] put it there; empty if the text has another form.
    public String read(String text) {
        Matcher found = extraction.matcher(text.strip());
        return found.find() ? found.group(1).strip() : "";
    }
}

package dev.jackdaw.train.eval;

import dev.jackdaw.agent.sandbox.Language;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A task of evaluation, as a task file describes it; [TaskFiles] reads it. What is called a template is in the language of chat templates
/// and sees the fields of a row by their names, and the row as a whole as `row`.
///
/// @param name        of the task
/// @param version     raised whenever its numbers change their meaning
/// @param description one line for people
/// @param hash        of the file, so that a number can be traced to the words of its task
/// @param folder      where the file is; null for a built-in one
/// @param data        where its rows come from
/// @param prompt      template of the question
/// @param chatPrompt  the same for conversations; null: `prompt`
/// @param system      what a conversation begins with, or null
/// @param target      template of the answer in an example; null: the right choice, or `answer`
/// @param delimiter   between question and answer of a base format
/// @param id          template of what tells an item from others; null: its place in the file
/// @param choices     templates of the continuations, or one that gives a JSON list of them; empty if the task has none
/// @param labels      template of a JSON list of their names (`["A", "B"]`), or which are true (`[1, 0]`); or null
/// @param answer      template of the right answer: a label, an index, or a text
/// @param unconditional also judge the choices without the question
/// @param fewShot     examples before the question
/// @param extraction  from what was written to an answer
/// @param stop        what ends a text in base format
/// @param generation  how texts are written
/// @param code        how programs are run, or null
public record TaskSpec(String name, int version, String description, String hash, Path folder, Metric metric, Data data, String prompt, String chatPrompt, String system, String target,
                       String delimiter, String id, List<String> choices, String labels, String answer, boolean unconditional, FewShot fewShot, Extraction extraction, List<String> stop,
                       Generation generation, Code code) {
    /// @param paths   of each split, the names under which it may be found
    /// @param split   that is examined
    /// @param format  `jsonl`, `json` or `csv`; null: by the file's name
    /// @param columns of a CSV file without a head, or null
    public record Data(Map<String, List<String>> paths, String split, String format, List<String> columns) {
    }

    /// @param split     the examples are from; null: the one that is examined, the item itself left out
    /// @param shots     how many, unless asked otherwise
    /// @param separator between them in base format
    public record FewShot(String split, int shots, String separator) {
    }

    /// @param samples     of each item
    /// @param temperature 0: always the likeliest token
    public record Generation(int maxTokens, double temperature, double topP, int samples) {
    }

    /// @param begin      template of the program's text that the model continues
    /// @param entryPoint template of the function's name, or null
    /// @param program    template of the whole program; sees `solution` beside the fields
    /// @param seconds    for one program
    /// @param k          of pass@k
    public record Code(Language language, String begin, String entryPoint, String program, double seconds, List<Integer> k) {
    }
}

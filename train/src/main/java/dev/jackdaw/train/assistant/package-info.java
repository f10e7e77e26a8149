/// # An assistant for the sources it has read
/// [JavaFacts] reads what Java sources say about public types ([JavaType]) with the JDK's own parser; [Facts] are those that can be asked and
/// have one answer, divided into learned and held-out ones; [Topic] knows how people ask and how it is answered. [Lessons] makes conversations
/// ([Exercise]) of them, beside [SmallTalk], what lies [Outside] and [Sums] for the calculator, and the [Examination] asks what was held out, in the way
/// that chat asks; [AssistantResult] is what it finds.
/// Start with [Lessons].
/// Not here: finetuning and the order of the stages ([dev.jackdaw.train.loop]), the calculator ([dev.jackdaw.agent.ability]).
package dev.jackdaw.train.assistant;

/// # The model over HTTP
/// One process, several models, many clients: `jackdaw serve`. Read in this order: [ServerSettings] (what can be set), [Server] (what is
/// started, and in which order it ends), then the rooms:
///
/// - `http`: what every request passes, whoever it is for: who may ask, how much, how errors and streams look;
/// - `models`: which models are loaded, and how their engines are shared;
/// - `api`: the languages of clients: OpenAI, Anthropic, Ollama;
/// - `feedback`: what people and checks say about answers, in a database;
/// - `improve`: from collected misbehaviour to a better model, promoted or not, and back.
///
/// The page is plain HTML, CSS and JavaScript under `resources/web`. A request is followed in four files: `api/ChatCompletions`,
/// `model/chat/Chat`, `model/engine/Engine`, `model/arch/Transformer`.
package dev.jackdaw.serve;

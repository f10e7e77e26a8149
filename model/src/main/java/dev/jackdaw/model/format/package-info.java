/// # Models as files
/// Everything between a path and named tensors. Read in this order: [Gguf] (weights, tokenizer and template; of one file or of several, each a [GgufPart]) with
/// [GgufValue], [GgufTensor] and [GgmlType]; [Safetensors] (weights behind a JSON header); then the writers [GgufWriter] and
/// [SafetensorsWriter], which stand on [AtomicFile], and [Conversion] between number formats.
///
/// One level up, where tensors become a model: [ModelFile] (opens either kind, with the families' tables), [GgufExport] and [HuggingFace]
/// (whole models out; `GgufHeader` and `HuggingFaceConfig` have the words).
///
/// Adapters: [Lora] (read from a PEFT folder or a GGUF file), [PeftWriter] (the way back), [WeightMerge] (worked into the weights of a GGUF file).
///
/// Fewer bits: [Quantizer] writes a GGUF file anew, [Mixture] chooses which tensor gets which type of a [FileType], [ImportanceMatrix] weighs
/// errors. Also here: [Merge] (one file of many), [PackedExperts] (MXFP4 in safetensors), [MemoryNeed] (what a model would take).
///
/// Readers map the file and hand out tensors in its own memory. Headers come from anywhere, so they are checked before anything is
/// allocated or handed out, and whatever is wrong is one [FormatException] with the file, the byte, what was found and what was expected.
///
/// Not here: what the tensors mean (`arch`), and how tokens are made (`token`).
package dev.jackdaw.model.format;

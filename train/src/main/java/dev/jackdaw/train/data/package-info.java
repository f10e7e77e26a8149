/// # Data: from files to batches of token ids
///
/// Read in this order:
/// 1. [Documents]: every text in some files, folders and archives, one at a time ([TextPieces], [Archives], [Tar], [JsonLines], [Guarded]).
/// 2. [Cleaner]: is it text, did a person write it, where does the legal notice end ([Encoding], [Junk], [LicenceHeader]).
/// 3. [Fingerprint], [MinHash], [Duplicates]: which texts are copies, or nearly.
/// 4. [HoldOut]: which documents are for examination only.
/// 5. [Corpus]: all of that together, in one file ([CorpusFile]), with its [CorpusStats]. Start here to use the package.
/// 6. [TokenShard]: documents as token ids in a memory-mapped file.
/// 7. [Packer], [BatchReader]: rows and batches for training, with a position that can be stored.
///
/// Everything here gives the same result at any number of threads ([Ordered]), holds a bounded number of documents in memory, and writes
/// files aside before they appear under their names ([AsideFile]). What cannot be used is counted under a [Reason], not thrown.
///
/// Not here: the tokenizer (`model.token`), the model, the training loop.
package dev.jackdaw.train.data;

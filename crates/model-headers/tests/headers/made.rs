//! Files made by the rules of their formats.

/// A safetensors file: header and as many zeros as it asks for.
pub(crate) fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.resize(file.len() + data, 0);
    file
}

/// Writes GGUF, little-endian as nearly all files are, or big-endian.
pub(crate) struct Gguf {
    pub(crate) bytes: Vec<u8>,
    big: bool,
}

impl Gguf {
    pub(crate) fn new(version: u32, tensors: u64, keys: u64) -> Self {
        Self::in_order(false, version, tensors, keys)
    }

    pub(crate) fn in_order(big: bool, version: u32, tensors: u64, keys: u64) -> Self {
        let new = Self { bytes: b"GGUF".to_vec(), big };
        new.u32(version).u64(tensors).u64(keys)
    }

    pub(crate) fn u32(mut self, number: u32) -> Self {
        self.bytes.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        self
    }

    pub(crate) fn u64(mut self, number: u64) -> Self {
        self.bytes.extend(if self.big { number.to_be_bytes() } else { number.to_le_bytes() });
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        let mut new = self.u64(text.len() as u64);
        new.bytes.extend(text.bytes());
        new
    }

    pub(crate) fn key_u32(self, key: &str, value: u32) -> Self {
        self.text(key).u32(4).u32(value)
    }

    pub(crate) fn key_text(self, key: &str, value: &str) -> Self {
        self.text(key).u32(8).text(value)
    }

    pub(crate) fn key_texts(self, key: &str, values: &[&str]) -> Self {
        let list = self.text(key).u32(9).u32(8).u64(values.len() as u64);
        values.iter().fold(list, |list, value| list.text(value))
    }

    pub(crate) fn tensor(self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        let new = self.text(name).u32(u32::try_from(shape.len()).expect("few dimensions"));
        shape.iter().fold(new, |new, length| new.u64(*length)).u32(kind).u64(offset)
    }

    /// The file, with so many bytes after the header's padding.
    pub(crate) fn file(self, data: usize) -> Vec<u8> {
        let start = self.bytes.len().next_multiple_of(32);
        let mut bytes = self.bytes;
        bytes.resize(start + data, 0);
        bytes
    }
}

/// A small model of the usual kind.
pub(crate) fn llama(big: bool, version: u32) -> Vec<u8> {
    Gguf::in_order(big, version, 3, 8)
        .key_text("general.architecture", "llama")
        .key_u32("general.file_type", 15)
        .key_u32("llama.context_length", 4096)
        .key_u32("llama.embedding_length", 256)
        .key_u32("llama.block_count", 1)
        .key_u32("llama.attention.head_count", 4)
        .key_u32("llama.attention.head_count_kv", 2)
        .key_texts("tokenizer.ggml.tokens", &["<s>", "a", "b"])
        .tensor("token_embd.weight", &[256, 3], 12, 0)
        .tensor("blk.0.attn_q.weight", &[256, 2], 14, 448)
        .tensor("output_norm.weight", &[256], 0, 896)
        .file(896 + 1024)
}

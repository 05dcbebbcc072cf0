//! The server's description of its models. Its fields are those that model-hub clients read (`id`, `sha`,
//! `siblings`, ...), so one answer serves them and our own pages.

use serde::{Deserialize, Serialize};

use crate::{Digest, FilePath, ModelId, Revision};

/// One model: the answer of `/api/models/{id}`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Same as `id`; some clients look here.
    #[serde(rename = "_id")]
    pub internal_id: String,
    /// `owner/name`.
    pub id: ModelId,
    /// The current revision.
    pub sha: Revision,
    /// The files.
    pub siblings: Vec<Sibling>,
    /// Sum of the files' sizes in bytes.
    #[serde(rename = "usedStorage")]
    pub used_storage: u64,
    /// When the newest file was last changed, as an RFC 3339 date-time.
    #[serde(rename = "lastModified")]
    pub last_modified: String,
    /// What the model's own description says of it.
    #[serde(rename = "cardData")]
    pub card_data: CardData,
    /// What the model is for, in the hub's words, such as `sentence-similarity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_tag: Option<String>,
    /// The library the model is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library_name: Option<String>,
    /// Always empty: kept because clients expect it.
    pub tags: Vec<String>,
    /// Always `false`.
    pub private: bool,
    /// Always `false`.
    pub gated: bool,
    /// Always 0: downloads are not counted.
    pub downloads: u64,
    /// Always 0.
    pub likes: u64,
}

/// One file of a model, in the hub's shape.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Sibling {
    /// The file's path inside the model.
    pub rfilename: FilePath,
    /// Length in bytes.
    pub size: u64,
    /// Where hub clients look for a file's SHA-256.
    pub lfs: LfsPointer,
}

/// The digest of a file, in the hub's shape.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct LfsPointer {
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// Length of the file in bytes.
    pub size: u64,
    /// Always 0: there are no pointer files. `huggingface_hub` fails without this field.
    #[serde(rename = "pointerSize", default)]
    pub pointer_size: u64,
}

/// The front matter of a model's `README.md`, as far as it is shown.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct CardData {
    /// Licence identifier such as `apache-2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
}

/// Something below the models root that cannot be served, and why.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Problem {
    /// The path, relative to the models root, with unreadable bytes replaced.
    pub path: String,
    /// One sentence: what is wrong.
    pub reason: String,
}

/// The answer of `/api/index`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct IndexReport {
    /// The models that can be had now, by id.
    pub models: Vec<ModelInfo>,
    /// Ids of models whose files are still being hashed.
    pub pending: Vec<ModelId>,
    /// What cannot be served.
    pub problems: Vec<Problem>,
}

//! Answers of a model hub, built from a manifest alone, with the fields of `catalogue.rs`. The JSON is
//! written by hand, because a serializer would make the service worker too large.

use std::fmt::Write as _;

use crate::routes::MAIN;
use crate::{File, FilePath, Manifest};

/// The answer of `/api/models/{id}`. When the files were changed, and what the model's README says, is not in a manifest.
#[must_use]
pub fn info(manifest: &Manifest) -> String {
    let id = manifest.model().to_string();
    let mut json = Json::default();
    json.open("{").text("_id", &id).text("id", &id).text("sha", &manifest.revision().to_string());
    json.key("siblings").open("[");
    let mut all = 0;
    for file in manifest.files() {
        all += file.size;
        json.open("{").text("rfilename", file.path.as_str()).number("size", file.size);
        json.pointer("sha256", file).close("}");
    }
    json.close("]")
        .number("usedStorage", all)
        .key("cardData")
        .open("{")
        .close("}")
        .key("tags")
        .open("[")
        .close("]");
    json.word("private", "false").word("gated", "false").number("downloads", 0).number("likes", 0).close("}");
    json.0
}

/// The answer of `/api/models/{id}/refs`.
#[must_use]
pub fn refs(manifest: &Manifest) -> String {
    let mut json = Json::default();
    json.open("{").key("branches").open("[").open("{").text("name", MAIN);
    json.text("ref", &format!("refs/heads/{MAIN}")).text("targetCommit", &manifest.revision().to_string());
    json.close("}")
        .close("]")
        .key("tags")
        .open("[")
        .close("]")
        .key("converts")
        .open("[")
        .close("]")
        .close("}");
    json.0
}

/// The answer of `/api/models/{id}/tree/{revision}/{folder}`: the files and folders in a folder, and with
/// `recursive` also those below it. `None` as the folder is the topmost one. Returns `None` if the folder
/// does not exist.
///
/// `oid` should be a git object id, which this server does not have. It is the first 40 digits of the
/// SHA-256, which distinguish contents as well. Clients that verify use `lfs.oid`, the whole SHA-256.
#[must_use]
pub fn tree(manifest: &Manifest, folder: Option<&FilePath>, recursive: bool) -> Option<String> {
    let prefix = folder.map_or_else(String::new, |folder| format!("{folder}/"));
    let mut folders: Vec<&str> = Vec::new();
    let mut files = Vec::new();
    for file in manifest.files() {
        let path = file.path.as_str();
        let Some(rest) = path.strip_prefix(&prefix) else {
            continue;
        };
        let mut depth = 0;
        for (at, _) in rest.match_indices('/') {
            depth += 1;
            if recursive || depth == 1 {
                // An index that may panic brings a kilobyte of code for its message into the worker.
                let Some(folder) = path.get(..prefix.len() + at) else { continue };
                if let Err(place) = folders.binary_search(&folder) {
                    folders.insert(place, folder);
                }
            }
        }
        if recursive || depth == 0 {
            files.push(file);
        }
    }
    if files.is_empty() && folders.is_empty() {
        return None;
    }
    let mut json = Json::default();
    json.open("[");
    for folder in folders {
        json.open("{").text("type", "directory").text("path", folder).number("size", 0);
        json.text("oid", &manifest.revision().to_string()).close("}");
    }
    for file in files {
        json.open("{").text("type", "file").text("path", file.path.as_str()).number("size", file.size);
        let sha256 = file.sha256.to_string();
        json.text("oid", sha256.get(..40).unwrap_or_default()).pointer("oid", file).close("}");
    }
    json.close("]");
    Some(json.0)
}

/// The body of an error under `/api`.
#[must_use]
pub fn error(sentence: &str) -> String {
    let mut json = Json::default();
    json.open("{").text("error", sentence).close("}");
    json.0
}

/// Text that grows. Commas come by themselves.
#[derive(Default)]
struct Json(String);

impl Json {
    fn comma(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with(['{', '[', ':']) {
            self.0.push(',');
        }
    }

    fn open(&mut self, bracket: &str) -> &mut Self {
        self.comma();
        self.0.push_str(bracket);
        self
    }

    fn close(&mut self, bracket: &str) -> &mut Self {
        self.0.push_str(bracket);
        self
    }

    fn key(&mut self, key: &str) -> &mut Self {
        self.comma();
        // Writing to a String cannot fail.
        let _ = write!(self.0, "\"{key}\":");
        self
    }

    fn word(&mut self, key: &str, word: &str) -> &mut Self {
        self.key(key).0.push_str(word);
        self
    }

    fn number(&mut self, key: &str, number: u64) -> &mut Self {
        self.word(key, &number.to_string())
    }

    fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.key(key).0.push('"');
        for c in text.chars() {
            // No name has a control character, which would be the others to be escaped (RFC 8259 section 7).
            if matches!(c, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(c);
        }
        self.0.push('"');
        self
    }

    /// Where hub clients look for the SHA-256 of a file.
    fn pointer(&mut self, digest: &str, file: &File) -> &mut Self {
        self.key("lfs").open("{").text(digest, &file.sha256.to_string());
        self.number("size", file.size).number("pointerSize", 0).close("}")
    }
}

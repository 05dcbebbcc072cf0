//! Whole models: which files belong together, and what they come to.

use std::collections::BTreeMap;
use std::io;

use crate::made::{Gguf, llama, safetensors};
use model_headers::{Inspection, ListedFile};

#[derive(Default)]
struct Model(BTreeMap<String, Vec<u8>>);

impl Model {
    fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.to_owned(), bytes.into());
        self
    }

    fn inspection(&self) -> Inspection {
        let files: Vec<_> =
            self.0.iter().map(|(path, bytes)| ListedFile { path, size: bytes.len() as u64 }).collect();
        Inspection::of(&files, |path| {
            self.0.get(path).map(Vec::as_slice).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }
}

fn one(name: &str) -> Vec<u8> {
    safetensors(&format!("{{\"{name}\":{{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}}}"), 8)
}

fn names(inspection: &Inspection) -> Vec<&str> {
    inspection.weights.iter().map(|weights| weights.name.as_str()).collect()
}

#[test]
fn a_sentence_embedder_is_known_by_its_files() {
    let bert = || {
        Model::default()
            .with("config.json", r#"{"model_type":"bert","architectures":["BertModel"]}"#)
            .with("model.safetensors", one("w"))
            .with("tokenizer.json", "{}")
    };
    assert!(bert().inspection().embeds_sentences);
    assert!(
        !bert()
            .with("config.json", r#"{"model_type":"bert","architectures":["BertForMaskedLM"]}"#)
            .inspection()
            .embeds_sentences
    );
    assert!(!bert().with("config.json", r#"{"model_type":"gpt2"}"#).inspection().embeds_sentences);
    assert!(!bert().with("model.safetensors", "damaged").inspection().embeds_sentences);
    let mut without = bert();
    without.0.remove("tokenizer.json");
    assert!(!without.inspection().embeds_sentences);
}

#[test]
fn shards_are_one_model() {
    let index = r#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;
    let sharded = || {
        Model::default()
            .with("sub/model.safetensors.index.json", index)
            .with("sub/model-1.safetensors", one("a"))
            .with("sub/model-2.safetensors", one("b"))
            .with("other.safetensors", one("c"))
    };
    let inspection = sharded().inspection();
    assert_eq!(names(&inspection), ["other.safetensors", "sub/model.safetensors"]);
    let shards = &inspection.weights[1];
    let (_, summary) = shards.content.as_ref().unwrap();
    assert_eq!((shards.files, summary.tensors, summary.parameters()), (2, 2, 8));
    assert!(inspection.is_final());
    let mut missing = sharded();
    missing.0.remove("sub/model-2.safetensors");
    let inspection = missing.inspection();
    let error = inspection.weights.iter().find_map(|weights| weights.content.as_ref().err()).unwrap();
    assert_eq!(error.to_string(), "sub/model-2.safetensors is missing");
}

#[test]
fn parts_of_gguf_files_are_one_model_and_the_first_has_the_facts() {
    let without_facts = Gguf::new(3, 1, 0).tensor("more", &[32], 8, 0).file(34);
    let split = Model::default()
        .with("m-00001-of-00002.gguf", llama(false, 3))
        .with("m-00002-of-00002.gguf", without_facts)
        .with("n-00002-of-00002.gguf", llama(false, 3))
        .with("whole.gguf", llama(false, 2));
    let inspection = split.inspection();
    assert_eq!(names(&inspection), ["m.gguf", "n.gguf", "whole.gguf"]);
    let (facts, summary) = inspection.weights[0].content.as_ref().unwrap();
    assert_eq!((facts.context_length, summary.tensors), (Some(4096), 4));
    let error = inspection.weights[1].content.as_ref().unwrap_err().to_string();
    assert_eq!(error, "n-00001-of-00002.gguf is missing");
    assert_eq!(inspection.facts().architecture.as_deref(), Some("llama"));
}

#[test]
fn what_cannot_be_read_now_is_looked_at_again() {
    let files = [ListedFile { path: "a.gguf", size: 10 }, ListedFile { path: "config.json", size: 10 }];
    let inspection = Inspection::of(&files, |_| -> io::Result<&[u8]> { Err(io::Error::other("busy")) });
    assert!(!inspection.is_final());
    assert_eq!(inspection.weights[0].content.as_ref().unwrap_err().to_string(), "busy");
    assert!(Model::default().with("a.gguf", "damaged").inspection().is_final());
}

#[test]
fn many_weights_are_cut_to_what_a_page_can_show() {
    let many: String = (0..2_000)
        .map(|n| format!("\"t{n}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}},"))
        .collect();
    let file = safetensors(&format!("{{{}}}", many.trim_end_matches(',')), 0);
    let model =
        (0..40).fold(Model::default(), |model, n| model.with(&format!("{n}.safetensors"), file.clone()));
    let inspection = model.inspection();
    assert_eq!((inspection.weights.len(), inspection.left_out), (32, 8));
    let rows = inspection.weights.iter().map(|weights| weights.content.as_ref().unwrap().1.first.len());
    assert!(rows.sum::<usize>() <= 600);
}

//! What a model's page says of its files: read from their headers, whatever these are.

use crate::folder::{Folder, until};
use crate::program::Program;

/// A safetensors file whose header is this.
fn safetensors(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn page(program: &Program, model: &str) -> String {
    let reply = program.get(&format!("/{model}"));
    assert_eq!(reply.status, 200, "{model}");
    String::from_utf8(reply.body).unwrap()
}

fn says(page: &str, what: &str) {
    assert!(page.contains(what), "{what} in {page}");
}

#[test]
fn a_page_says_what_the_model_is() {
    let folder = Folder::new();
    let header = r#"{"layer.10.w":{"dtype":"BF16","shape":[1024,600],"data_offsets":[0,1228800]},
        "ids":{"dtype":"I64","shape":[2],"data_offsets":[1228800,1228816]}}"#;
    folder.put("o/n/model.safetensors", &safetensors(header, 1_228_816));
    folder.put(
        "o/n/config.json",
        br#"{"model_type":"m","architectures":["Made<Up>"],"max_position_embeddings":4096,"num_hidden_layers":11}"#,
    );
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let page = page(&program, "o/n");
    for fact in [
        "<dt>Architecture</dt><dd>Made&lt;Up&gt;</dd>",
        "<dt>Parameters</dt><dd>614,400</dd>",
        "<dt>Context</dt><dd>4,096 tokens</dd>",
        "<dt>Layers</dt><dd>11</dd>",
        "614,400 parameters in 2 tensors, 1.2 MB. Another 2 whole numbers, such as positions, are not counted.",
        "<span>BF16</span>",
        "<span>under 0.1 %</span>",
        "<code>layer.10.w</code>",
        "1024 × 600",
    ] {
        says(&page, fact);
    }
    assert!(!page.contains("Vocabulary"), "of what is not known, nothing is said");
}

#[test]
fn damaged_files_are_a_sentence_and_never_an_error() {
    let folder = Folder::new();
    folder.put("o/n/config.json", b"{not json");
    folder.put("o/n/a.safetensors", &[255; 100]);
    folder.put("o/n/b.gguf", b"GGUF\x03");
    folder.put("o/n/empty.safetensors", b"");
    folder.put("o/n/c.safetensors.index.json", br#"{"weight_map":{"w":"gone.safetensors"}}"#);
    folder.put("o/m/notes.txt", b"no model at all");
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let damaged = page(&program, "o/n");
    for sentence in [
        "What config.json holds cannot be read: ",
        "What a.safetensors holds cannot be read: the length of its header is 18446744073709551615, which cannot be.",
        "What b.gguf holds cannot be read: the file ends inside its header.",
        "What empty.safetensors holds cannot be read: the file ends inside its header.",
        "What c.safetensors holds cannot be read: gone.safetensors is missing.",
    ] {
        says(&damaged, sentence);
    }
    let nothing = page(&program, "o/m");
    assert!(!nothing.contains("class=\"inspection\""), "{nothing}");
    // A file that is put right is looked at again.
    folder.put(
        "o/n/a.safetensors",
        &safetensors("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
    );
    until("the new file", || page(&program, "o/n").contains("0 parameters in 1 tensor, 1 B.").then_some(()));
}

#[test]
fn pages_of_models_with_very_many_tensors_stay_small() {
    let folder = Folder::new();
    let tensors: Vec<String> = (0..20_000)
        .map(|n| {
            format!(
                "\"model.layers.{n}.weight\":{{\"dtype\":\"F8_E4M3\",\"shape\":[0],\"data_offsets\":[0,0]}}"
            )
        })
        .collect();
    folder.put("o/n/model.safetensors", &safetensors(&format!("{{{}}}", tensors.join(",")), 0));
    let program = Program::start(&folder, &[]);
    program.settle(&folder);
    let page = page(&program, "o/n");
    says(&page, "The first 600 of 20,000 tensors");
    assert!(page.len() < 200_000, "{} bytes", page.len());
}

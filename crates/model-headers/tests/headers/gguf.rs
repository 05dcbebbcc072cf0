//! GGUF headers: both versions and byte orders, odd values, damaged ones.

use crate::made::{Gguf, llama};
use model_headers::gguf::{Header, read};
use model_headers::{HeaderError, Summary};

fn header(file: &[u8]) -> Result<Header, HeaderError> {
    read(file, file.len() as u64)
}

fn error(file: &[u8]) -> String {
    header(file).expect_err("it is damaged").to_string()
}

#[test]
fn a_usual_model_is_read_whatever_its_version_and_byte_order() {
    let expected = header(&llama(false, 3)).unwrap();
    for (big, version) in [(false, 2), (true, 3)] {
        assert_eq!(header(&llama(big, version)).unwrap(), expected);
    }
    let facts = &expected.facts;
    assert_eq!(facts.architecture.as_deref(), Some("llama"));
    assert_eq!(facts.quantisation.as_deref(), Some("Q4_K_M"));
    assert_eq!((facts.context_length, facts.hidden_size, facts.layers), (Some(4096), Some(256), Some(1)));
    assert_eq!((facts.heads, facts.key_value_heads, facts.vocabulary), (Some(4), Some(2), Some(3)));
    let tensor = &expected.tensors[0];
    assert_eq!((tensor.name.as_str(), tensor.shape.as_slice()), ("token_embd.weight", &[3, 256][..]));
    assert_eq!((tensor.storage.name.as_ref(), tensor.bytes), ("Q4_K", Some(3 * 144)));
    let summary = Summary::of(expected.tensors, 10);
    assert_eq!((summary.parameters(), summary.bytes()), (256 * 6, 3 * 144 + 2 * 210 + 1024));
    let shares: Vec<_> = summary.shares.iter().map(|share| share.storage.name.as_ref()).collect();
    assert_eq!(shares, ["F32", "Q4_K", "Q6_K"]);
}

#[test]
fn values_of_every_type_are_read_over() {
    let mut file = Gguf::new(3, 0, 16).key_text("general.architecture", "x");
    for (kind, width) in
        [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8)]
    {
        file = file.text(&format!("x.{kind}")).u32(kind);
        file.bytes.extend(vec![255; width]);
    }
    let file = file.text("lists").u32(9).u32(9).u64(2).u32(0).u64(1);
    let mut file = file;
    file.bytes.push(7);
    let file = file
        .u32(8)
        .u64(1)
        .text("inner")
        .key_text("tokenizer.chat_template", &"long".repeat(1000))
        .text("x.context_length")
        .u32(5)
        .u32(u32::MAX)
        .text("x.block_count")
        .u32(10)
        .u64(7)
        .file(0);
    let facts = header(&file).unwrap().facts;
    assert_eq!((facts.context_length, facts.layers), (None, Some(7)), "-1 is no length");
}

#[test]
fn unknown_types_of_tensors_are_named() {
    let file = Gguf::new(3, 1, 0).tensor("w", &[32], 99, 0).file(0);
    let tensor = &header(&file).unwrap().tensors[0];
    assert_eq!((tensor.storage.name.as_ref(), tensor.bytes, tensor.numbers), ("type 99", None, 32));
}

#[test]
fn damaged_headers_are_refused_with_a_reason() {
    let ends = "the file ends inside its header";
    assert_eq!(error(b"GGU"), ends);
    assert_eq!(error(b"GGML\0\0\0\0"), "it does not begin as its name says");
    assert_eq!(error(&Gguf::new(1, 0, 0).bytes), "it has version 1 of its format, which is not known here");
    assert_eq!(
        error(&Gguf::new(3, 0, 1).text("k").u32(13).bytes),
        "it has a value of type 13, which is not known here"
    );
    let big = u64::MAX;
    for (file, what) in [
        (Gguf::new(3, big, 0), "the number of its tensors"),
        (Gguf::new(3, 0, big), "the number of its keys"),
        (Gguf::new(3, 0, 1).u64(big), "the length of a key"),
        (Gguf::new(3, 1, 0).u64(big), "the length of a tensor's name"),
        (Gguf::new(3, 0, 1).text("k").u32(9).u32(10).u64(big), "the length of a list"),
    ] {
        assert_eq!(error(&file.bytes), format!("{what} is {big}, which cannot be"));
    }
    let list = |kind| Gguf::new(3, 0, 1).text("k").u32(9).u32(kind).u64(1 << 60).file(0);
    assert_eq!([error(&list(8)), error(&list(0))], [ends, ends]);
    let deep = (0..100).fold(Gguf::new(3, 0, 1).text("k").u32(9), |file, _| file.u32(9).u64(1));
    assert_eq!(error(&deep.file(0)), "the depth of a list is 4, which cannot be");
    let alignment = Gguf::new(3, 0, 1).key_u32("general.alignment", 0).file(0);
    assert_eq!(error(&alignment), "the alignment of its tensors is 0, which cannot be");
    let mut text = Gguf::new(3, 0, 1).u64(1);
    text.bytes.push(0xff);
    assert_eq!(error(&text.bytes), "a text in it is not valid UTF-8");
}

#[test]
fn tensors_that_cannot_be_are_named() {
    let one = |shape: &[u64], kind, offset| Gguf::new(3, 1, 0).tensor("w", shape, kind, offset).file(64);
    assert!(header(&one(&[16], 0, 0)).is_ok());
    let cut = "the tensor \"w\" ends after the end of the file, which is cut short";
    assert_eq!(error(&one(&[17], 0, 0)), cut);
    assert_eq!(error(&one(&[16], 0, 32)), cut);
    assert_eq!(error(&one(&[16], 0, u64::MAX)), cut);
    assert_eq!(error(&one(&[33], 8, 0)), "the tensor \"w\" has a size that does not fit its shape and type");
    let overflow = "the tensor \"w\" has more numbers than any file can hold";
    assert_eq!(error(&one(&[1 << 40, 1 << 40], 0, 0)), overflow);
    assert_eq!(error(&one(&[1 << 63], 0, 0)), overflow);
    assert_eq!(error(&one(&[1; 9], 0, 0)), "the tensor \"w\" has too many dimensions");
    let twice = Gguf::new(3, 2, 0).tensor("w", &[1], 0, 0).tensor("w", &[1], 0, 0).file(64);
    assert_eq!(error(&twice), "the tensor \"w\" is there twice");
}

#[test]
fn every_cut_is_noticed() {
    let file = llama(false, 3);
    for length in 0..file.len() {
        assert!(header(&file[..length]).is_err(), "{length} of {}", file.len());
    }
}

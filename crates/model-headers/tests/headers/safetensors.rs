//! safetensors headers: real ones, odd ones, damaged ones.

use crate::made::safetensors;
use model_headers::safetensors::read;
use model_headers::{Class, Summary};

fn error(header: &str, data: usize) -> String {
    let file = safetensors(header, data);
    read(file.as_slice(), file.len() as u64).expect_err("it is damaged").to_string()
}

#[test]
fn tensors_come_in_natural_order_with_their_sizes() {
    let header = r#"{"__metadata__":{"format":"pt"},
        "layer.10.w":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},
        "layer.2.w":{"dtype":"F4","shape":[8],"data_offsets":[0,4]},
        "layer.2.b":{"dtype":"I64","shape":[],"data_offsets":[16,24]},
        "new":{"dtype":"F2_NEW","shape":[3,7],"data_offsets":[24,27]},
        "none":{"dtype":"F32","shape":[0,9],"data_offsets":[27,27]}}  "#;
    let file = safetensors(header, 27);
    let tensors = read(file.as_slice(), file.len() as u64).unwrap();
    let names: Vec<_> = tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["layer.2.b", "layer.2.w", "layer.10.w", "new", "none"]);
    assert_eq!(tensors.iter().map(|t| t.bytes.unwrap()).collect::<Vec<_>>(), [8, 4, 12, 3, 0]);
    assert_eq!(tensors.iter().map(|t| t.numbers).collect::<Vec<_>>(), [1, 8, 6, 21, 0]);
    assert_eq!(tensors[3].storage.class, Class::Unknown);
    let summary = Summary::of(tensors, 2);
    assert_eq!((summary.parameters(), summary.whole_numbers(), summary.bytes()), (35, 1, 27));
    assert_eq!((summary.tensors, summary.first.len()), (5, 2));
    let shares: Vec<_> = summary.shares.iter().map(|share| share.storage.name.as_ref()).collect();
    assert_eq!(shares, ["BF16", "I64", "F4", "F2_NEW", "F32"]);
}

#[test]
fn no_byte_after_the_header_is_read() {
    struct Strict<'a>(&'a [u8]);
    impl std::io::Read for Strict<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            assert!(!self.0.is_empty() || into.is_empty(), "read on after the header");
            self.0.read(into)
        }
    }
    let header = r#"{"w":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}"#;
    let file = safetensors(header, 0);
    read(Strict(&file), file.len() as u64 + 4000).unwrap();
}

#[test]
fn damaged_headers_are_refused_with_a_reason() {
    let one = |dtype: &str, shape: &str, offsets: &str| {
        format!("{{\"w\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}")
    };
    let cut = "the tensor \"w\" ends after the end of the file, which is cut short";
    assert_eq!(error(&one("F32", "[2]", "[0,8]"), 7), cut);
    assert_eq!(error(&one("F32", "[2]", "[0,8]"), 9), "the file goes on after its last tensor");
    let size = "the tensor \"w\" has a size that does not fit its shape and type";
    assert_eq!(error(&one("F32", "[2]", "[0,7]"), 7), size);
    assert_eq!(error(&one("F4", "[3]", "[0,2]"), 2), size);
    assert_eq!(error(&one("F32", "[4611686018427387904]", "[0,0]"), 0), size);
    let place = "the tensor \"w\" does not begin where the one before ends";
    assert_eq!(error(&one("F32", "[2]", "[8,0]"), 8), place);
    assert_eq!(error(&one("F32", "[2]", "[1,9]"), 9), place);
    let overflow = "the tensor \"w\" has more numbers than any file can hold";
    assert_eq!(error(&one("F32", "[9999999999,9999999999]", "[0,8]"), 8), overflow);
    let dimensions = "the tensor \"w\" has too many dimensions";
    assert_eq!(error(&one("F32", &format!("[{}1]", "1,".repeat(100_000)), "[0,4]"), 4), dimensions);
    let twice = r#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;
    assert_eq!(error(twice, 2), "the tensor \"w\" is there twice");
    assert_eq!(error("[]", 0), "it does not begin as its name says");
    for wrong in
        [one("F32", "2", "[0,8]"), one("F32", "[-1]", "[0,8]"), one("F32", "[2]", "[0,8,9]"), "{".to_owned()]
    {
        assert!(error(&wrong, 8).contains("line 1"), "{wrong}");
    }
    let name = "n".repeat(5_000);
    assert!(error(&one("F32", "[2]", "[0,7]").replace("\"w\"", &format!("\"{name}\"")), 7).len() < 300);
}

#[test]
fn false_lengths_cost_neither_time_nor_memory() {
    let reason = |bytes: &[u8]| read(bytes, u64::MAX).unwrap_err().to_string();
    let too_much = "the length of its header is 18446744073709551615, which cannot be";
    assert_eq!(reason(&[255; 8]), too_much);
    assert_eq!(reason(&[0; 7]), "the file ends inside its header");
    assert_eq!(reason(&[0, 0, 0, 1, 0, 0, 0, 0, b'{']), "the file ends inside its header");
}

/// The first bytes of sentence-transformers/all-MiniLM-L6-v2, which has 90,868,376.
#[test]
fn a_real_model_is_read() {
    let header = include_bytes!("seeds/all-MiniLM-L6-v2.safetensors.header");
    let summary = Summary::of(read(header.as_slice(), 90_868_376).unwrap(), 1);
    assert_eq!((summary.tensors, summary.parameters(), summary.whole_numbers()), (104, 22_713_216, 512));
    assert_eq!((summary.bytes(), summary.shares.len()), (90_868_376 - header.len() as u64, 2));
    assert_eq!(summary.first[0].name, "embeddings.LayerNorm.bias");
}

//! Texts about a model's properties.

use crate::{bytes, count, grouped, permille, rough};

/// Heading of the part of a model's page.
pub const HEADING: &str = "What it is";
/// Label of the architecture.
pub const ARCHITECTURE: &str = "Architecture";
/// Label of the number of parameters.
pub const PARAMETERS: &str = "Parameters";
/// Label of the way in which it is quantised.
pub const QUANTISATION: &str = "Quantisation";
/// Label of the longest input.
pub const CONTEXT: &str = "Context";
/// Label of the length of a token's vector.
pub const HIDDEN_SIZE: &str = "Hidden size";
/// Label of the number of layers.
pub const LAYERS: &str = "Layers";
/// Label of the number of attention heads.
pub const HEADS: &str = "Attention heads";
/// Label of the number of experts.
pub const EXPERTS: &str = "Experts";
/// Label of the number of known tokens.
pub const VOCABULARY: &str = "Vocabulary";
/// Column: the tensor's name.
pub const TENSOR: &str = "Tensor";
/// Column: its dimensions.
pub const SHAPE: &str = "Shape";
/// Column: how its numbers are stored.
pub const TYPE: &str = "Type";
/// Column: its bytes.
pub const SIZE: &str = "Size";
/// What is said of a size that is not known.
pub const UNKNOWN: &str = "–";
/// What the list of types is called to those who hear it.
pub const SHARES: &str = "How the numbers are stored, by share of bytes";

/// How many tokens fit.
#[must_use]
pub fn tokens(n: u64) -> String {
    format!("{} tokens", grouped(n))
}

/// Heads, and how many of them have keys and values of their own where that is fewer.
#[must_use]
pub fn heads(heads: u64, key_value_heads: Option<u64>) -> String {
    match key_value_heads {
        Some(fewer) => format!("{heads} ({fewer} for keys and values)"),
        None => heads.to_string(),
    }
}

/// Experts, and how many of them a token uses.
#[must_use]
pub fn experts(experts: u64, used: Option<u64>) -> String {
    match used {
        Some(used) => format!("{experts}, of which a token uses {used}"),
        None => experts.to_string(),
    }
}

/// What weights come to. `whole` numbers are not counted as parameters; `packed` says that they may well be some.
#[must_use]
pub fn weights(files: usize, tensors: usize, parameters: u64, whole: u64, size: u64, packed: bool) -> String {
    let tensors = count(tensors, "tensor", "tensors");
    let place = if files > 1 { format!(" in {files} files") } else { String::new() };
    let mut text = format!("{} parameters in {tensors}, {}{place}.", grouped(parameters), bytes(size));
    if whole > 0 && packed {
        text += &format!(
            " Another {} whole numbers have quantised parameters packed into them, which are not counted.",
            grouped(whole)
        );
    } else if whole > 0 {
        text += &format!(" Another {} whole numbers, such as positions, are not counted.", grouped(whole));
    }
    text
}

/// The share of a type in the bytes of all.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    match permille(part, whole) {
        0 if part > 0 => "under 0.1 %".to_owned(),
        permille => format!("{}.{} %", permille / 10, permille % 10),
    }
}

/// The parameters of a model in few words.
#[must_use]
pub fn parameters(n: u64) -> String {
    rough(n)
}

/// Dimensions: `30522 × 384`.
#[must_use]
pub fn shape(lengths: &[u64]) -> String {
    if lengths.is_empty() {
        return "one number".to_owned();
    }
    let lengths: Vec<String> = lengths.iter().map(u64::to_string).collect();
    lengths.join(" × ")
}

/// What the closed table of tensors is called.
#[must_use]
pub fn table(tensors: usize, shown: usize) -> String {
    if shown < tensors {
        format!("The first {} of {} tensors", grouped(shown as u64), grouped(tensors as u64))
    } else {
        count(tensors, "tensor", "tensors")
    }
}

/// A file whose header cannot be understood. `reason` is the reader's.
#[must_use]
pub fn unreadable(file: &str, reason: &str) -> String {
    format!("What {file} holds cannot be read: {reason}.")
}

/// Weights that were not looked at.
#[must_use]
pub fn left_out(n: usize) -> String {
    format!("{} more with weights are listed below only.", count(n, "file", "files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_shapes_are_short() {
        assert_eq!(
            [share(1, 3), share(1, 100_000), share(0, 9), share(9, 9)],
            ["33.3 %", "under 0.1 %", "0.0 %", "100.0 %"]
        );
        assert_eq!([shape(&[30522, 384]), shape(&[7]), shape(&[])], ["30522 × 384", "7", "one number"]);
    }

    #[test]
    fn what_is_not_counted_is_said() {
        assert_eq!(
            weights(1, 1, 1_234_567, 0, 4_938_268, false),
            "1,234,567 parameters in 1 tensor, 4.9 MB."
        );
        let positions = weights(3, 2, 10, 512, 80, false);
        assert_eq!(
            positions,
            "10 parameters in 2 tensors, 80 B in 3 files. Another 512 whole numbers, such as positions, are not counted."
        );
        assert!(weights(1, 2, 10, 512, 80, true).contains("packed"));
    }
}

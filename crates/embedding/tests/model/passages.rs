//! How texts are split.

use embedding::{Passages, Vocabulary};
use inference_protocol::Span;

use crate::vocabulary;

fn split(vocabulary: &Vocabulary, text: &str) -> Vec<Span> {
    let mut passages = Passages::default();
    std::iter::from_fn(|| passages.next(vocabulary, text).unwrap()).collect()
}

fn texts<'a>(text: &'a str, spans: &[Span]) -> Vec<&'a str> {
    spans.iter().map(|span| &text[span.start as usize..span.end as usize]).collect()
}

/// What every split has to keep to.
fn check(vocabulary: &Vocabulary, text: &str) -> Vec<Span> {
    let spans = split(vocabulary, text);
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut end = 0;
    for span in &spans {
        let passage = &text[span.start as usize..span.end as usize];
        assert_eq!(passage, passage.trim());
        assert!(!passage.is_empty());
        assert!(text[end..span.start as usize].trim().is_empty(), "only white space is left out");
        end = span.end as usize;
        let of_units = &units[span.start_utf16 as usize..span.end_utf16 as usize];
        assert_eq!(String::from_utf16(of_units).unwrap(), passage);
        assert!(vocabulary.encode(passage).unwrap().ids().len() <= 256);
    }
    assert!(text[end..].trim().is_empty());
    spans
}

#[test]
fn sentences_of_a_paragraph_are_together_and_those_of_others_are_not() {
    let vocabulary = vocabulary();
    let text = "A heading\n\nOne sentence. Another one.\nA third, in a line of its own.\r\n\r\n\tThe next paragraph! ";
    let spans = check(&vocabulary, text);
    assert_eq!(
        texts(text, &spans),
        ["A heading", "One sentence. Another one.\nA third, in a line of its own.", "The next paragraph!"]
    );
    assert!(check(&vocabulary, " \n\n ").is_empty());
    assert!(check(&vocabulary, "").is_empty());
}

#[test]
fn passages_end_with_sentences_when_they_say_enough() {
    let vocabulary = vocabulary();
    let text = "The river had left its bed when the morning came, and nobody could cross it. ".repeat(10);
    let spans = check(&vocabulary, &text);
    assert_eq!(spans.len(), 4);
    assert!(texts(&text, &spans).iter().all(|passage| passage.ends_with("cross it.")));
}

#[test]
fn what_is_too_long_is_cut_between_words() {
    let vocabulary = vocabulary();
    let text = format!("Begin. {} End.", "unbelievably long sentences, ".repeat(600));
    let spans = check(&vocabulary, &text);
    assert!(spans.len() > 5);
    for passage in texts(&text, &spans) {
        assert!(
            passage
                .split([' ', ',', '.'])
                .all(|word| { ["", "Begin", "End", "unbelievably", "long", "sentences"].contains(&word) })
        );
    }
}

#[test]
fn any_text_is_split_into_what_can_be_embedded() {
    let vocabulary = vocabulary();
    for text in [
        include_str!("../reference/sentences.txt"),
        &include_str!("../reference/sentences.txt").replace('\n', " "),
        &include_str!("../reference/sentences.txt").replace([' ', '\n'], ""),
        &"東京の地下鉄は朝とても混んでいる。今天的天气很好".repeat(300),
        &"我们去公园散步吧".repeat(2000),
        &"x".repeat(20_000),
        &"👨‍👩‍👧‍👦".repeat(700),
        &"é\u{301}\u{200b}".repeat(3000),
        &"!?".repeat(5000),
        "\u{feff}\u{0}\u{85}\u{2028}\u{2029}\u{2029}x",
    ] {
        check(&vocabulary, text);
    }
}

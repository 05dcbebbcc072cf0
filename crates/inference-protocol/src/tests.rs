//! Each message is written as scripts may write it, and read back.

use std::fmt::Debug;

use protocol::TextForm;

use super::*;

#[track_caller]
fn round_trip<T: TextForm + Debug + PartialEq>(message: T, text: &str) {
    let text = format!("modelferry-inference-1 {text}");
    assert_eq!(message.to_text(), text);
    assert_eq!(T::from_text(&text), Some(message));
}

#[test]
fn every_message_to_the_worker_has_a_form_of_its_own() {
    let (model, revision) = ("a b/c d".parse().unwrap(), Revision::from_bytes([0; 20]));
    round_trip(
        ToInference::Load { model, revision },
        "load 0000000000000000000000000000000000000000 a b/c d",
    );
    round_trip(ToInference::Index { job: 3, text: "One.\nTwo.".to_owned() }, "index 3\nOne.\nTwo.");
    round_trip(ToInference::Cancel { job: 3 }, "cancel 3");
    let text = " one\n\ntwo ".to_owned();
    round_trip(ToInference::Query { job: 3, number: 4, limit: 5, text }, "query 3 4 5\n one\n\ntwo ");
    for other in ["modelferry-inference-2 cancel 1", "modelferry-inference-1 dance 1", "cancel 1", ""] {
        assert_eq!(ToInference::from_text(other), None);
    }
}

#[test]
fn every_message_from_the_worker_has_a_form_of_its_own() {
    round_trip(FromInference::Loading { loaded: 1, total: 2 }, "loading 1 2");
    round_trip(FromInference::Loaded { max_tokens: 1, dimensions: 2 }, "loaded 1 2");
    let spans = vec![
        Span { start: 1, end: 2, start_utf16: 3, end_utf16: 4 },
        Span { start: 5, end: 6, start_utf16: 7, end_utf16: 8 },
    ];
    round_trip(FromInference::Passages { job: 9, spans }, "passages 9\n1 2 3 4\n5 6 7 8");
    round_trip(FromInference::Progress { job: 1, done: 2, total: 3 }, "progress 1 2 3");
    round_trip(FromInference::Indexed { job: 1 }, "indexed 1");
    round_trip(FromInference::Cancelled { job: 1 }, "cancelled 1");
    let hits = vec![Hit { passage: 4, similarity: 0.25 }, Hit { passage: 5, similarity: -1.0 }];
    round_trip(
        FromInference::Hits { job: 1, number: 2, searched: 3, hits },
        "hits 1 2 3\n4 250000\n5 -1000000",
    );
    round_trip(FromInference::Hits { job: 1, number: 2, searched: 3, hits: Vec::new() }, "hits 1 2 3\n");
}

#[test]
fn every_failure_has_a_form_of_its_own() {
    let detail = || "a\nb c".to_owned();
    let unsupported = |feature| LoadFailure::Unsupported { feature, found: detail() };
    for (failure, text) in [
        (LoadFailure::Program(detail()), "program a\nb c"),
        (LoadFailure::NotReady, "not-ready"),
        (LoadFailure::Missing("a b".to_owned()), "missing a b"),
        (unsupported(Feature::Architecture), "unsupported architecture a\nb c"),
        (unsupported(Feature::Positions), "unsupported positions a\nb c"),
        (unsupported(Feature::Activation), "unsupported activation a\nb c"),
        (unsupported(Feature::Pooling), "unsupported pooling a\nb c"),
        (unsupported(Feature::Module), "unsupported module a\nb c"),
        (unsupported(Feature::NumberType), "unsupported number-type a\nb c"),
        (unsupported(Feature::Tokenizer), "unsupported tokenizer a\nb c"),
        (LoadFailure::Damaged { file: "a b".to_owned(), detail: detail() }, "damaged a b\na\nb c"),
        (LoadFailure::NoMemory, "no-memory"),
        (LoadFailure::Storage(detail()), "storage a\nb c"),
        (LoadFailure::AlreadyLoaded, "already-loaded"),
    ] {
        round_trip(FromInference::Failed(failure), &format!("failed {text}"));
    }
    for (failure, text) in [
        (TextFailure::NotLoaded, "not-loaded"),
        (TextFailure::Empty, "empty"),
        (TextFailure::UnknownJob, "unknown-job"),
        (TextFailure::Tokenizer(detail()), "tokenizer a\nb c"),
        (TextFailure::NoMemory, "no-memory"),
    ] {
        round_trip(
            FromInference::IndexFailed { job: 1, failure: failure.clone() },
            &format!("index-failed 1 {text}"),
        );
        round_trip(FromInference::QueryFailed { number: 2, failure }, &format!("query-failed 2 {text}"));
    }
}

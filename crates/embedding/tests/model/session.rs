//! Who is served first, and what cancelling does.

use embedding::Session;
use inference_protocol::{FromInference, Hit, LoadFailure, TextFailure, ToInference};

use crate::embedder;

const TEXT: &str = "The harbour froze in January, and people walked across the ice to the island.\n\n\
    Bread rises because yeast turns sugar into carbon dioxide.\n\n\
    The orchestra played so quietly that nobody clapped for a long moment.";

fn query(job: u32, number: u32, text: &str) -> ToInference {
    ToInference::Query { job, number, limit: 2, text: text.to_owned() }
}

fn index(job: u32, text: &str) -> ToInference {
    ToInference::Index { job, text: text.to_owned() }
}

/// Steps until something is said.
fn next(session: &mut Session) -> FromInference {
    loop {
        assert!(session.has_work());
        if let Some(message) = session.step() {
            return message;
        }
    }
}

fn passages_of(message: &FromInference) -> Vec<u32> {
    match message {
        FromInference::Hits { hits, .. } => hits.iter().map(|Hit { passage, .. }| *passage).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_is_indexed_and_searched_by_meaning() {
    let mut session = Session::new(embedder(1 << 20));
    assert!(!session.has_work());
    assert_eq!(session.receive(index(1, TEXT)), None);
    assert!(matches!(next(&mut session), FromInference::Passages { job: 1, spans } if spans.len() == 3));
    assert_eq!(next(&mut session), FromInference::Indexed { job: 1 });
    assert!(!session.has_work());
    for (text, best) in [("baking", 1), ("a cold winter", 0), ("a concert", 2)] {
        assert_eq!(session.receive(query(1, 7, text)), None);
        let hits = next(&mut session);
        assert_eq!(passages_of(&hits)[0], best);
        assert!(
            matches!(hits, FromInference::Hits { job: 1, number: 7, searched: 3, hits } if hits.len() == 2)
        );
    }
}

#[test]
fn the_newest_query_alone_is_answered_and_before_the_rest_of_a_text() {
    let mut session = Session::new(embedder(1 << 20));
    assert_eq!(session.receive(index(1, &format!("{TEXT}\n\n").repeat(20))), None);
    assert!(matches!(next(&mut session), FromInference::Passages { spans, .. } if spans.len() == 60));
    let done = match next(&mut session) {
        FromInference::Progress { job: 1, done, total: 60 } => done,
        other => panic!("{other:?}"),
    };
    assert!(done > 0 && done < 60);
    for (number, text) in [(1, "b"), (2, "ba"), (3, "baking")] {
        assert_eq!(session.receive(query(1, number, text)), None);
    }
    let hits = next(&mut session);
    assert!(matches!(&hits, FromInference::Hits { number: 3, searched, .. } if *searched == done));
    assert_eq!(passages_of(&hits)[0], 1);
    assert!(matches!(next(&mut session), FromInference::Progress { .. }));
}

#[test]
fn what_is_cancelled_stays_searchable_and_what_is_replaced_does_not() {
    let mut session = Session::new(embedder(1 << 20));
    assert_eq!(session.receive(index(1, &format!("{TEXT}\n\n").repeat(20))), None);
    next(&mut session);
    next(&mut session);
    assert_eq!(session.receive(ToInference::Cancel { job: 2 }), None);
    assert_eq!(session.receive(ToInference::Cancel { job: 1 }), Some(FromInference::Cancelled { job: 1 }));
    assert_eq!(session.receive(ToInference::Cancel { job: 1 }), None);
    assert!(!session.has_work());
    assert_eq!(session.receive(query(1, 1, "baking")), None);
    assert_eq!(passages_of(&next(&mut session))[0], 1);

    assert_eq!(session.receive(index(2, TEXT)), None);
    assert_eq!(session.receive(index(3, TEXT)), Some(FromInference::Cancelled { job: 2 }));
    assert_eq!(session.receive(query(1, 2, "baking")), None);
    let failure = TextFailure::UnknownJob;
    assert_eq!(next(&mut session), FromInference::QueryFailed { number: 2, failure });
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut session = Session::new(embedder(1 << 20));
    assert_eq!(session.receive(index(1, " \n ")), None);
    assert_eq!(next(&mut session), FromInference::IndexFailed { job: 1, failure: TextFailure::Empty });
    assert_eq!(session.receive(query(1, 1, " ")), None);
    assert_eq!(next(&mut session), FromInference::QueryFailed { number: 1, failure: TextFailure::Empty });
    let load = ToInference::Load { model: "a/b".parse().unwrap(), revision: "0".repeat(40).parse().unwrap() };
    assert_eq!(session.receive(load), Some(FromInference::Failed(LoadFailure::AlreadyLoaded)));
}

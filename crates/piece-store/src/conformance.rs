//! The behaviour that every implementation of the traits must have. Panics if one does not.

use std::collections::BTreeMap;

use protocol::transfer::Part;
use protocol::{Digest, DigestSet, File, Intent, IntentState, Manifest, ModelId, Refusal, Revision};
use sha2::{Digest as _, Sha256};

use crate::{AdmitError, Documents, LockName, Locks, ModelStore, Parts, Pieces};

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Runs the whole suite on empty stores and leaves them empty. `pack` and `unpack` convert bytes; `answer` makes an answer of a
/// status and bytes.
///
/// # Panics
/// Where the implementation differs from what the traits promise.
pub async fn run<P: Pieces, D: Documents, T: Parts<Bytes = P::Bytes>>(
    store: ModelStore<P, D, T>,
    locks: impl Locks,
    pack: impl Fn(&[u8]) -> P::Bytes,
    unpack: impl Fn(P::Bytes) -> Vec<u8>,
    answer: impl Fn(u16, &[u8]) -> P::Body,
) {
    check_pieces(store.pieces(), &pack, &unpack).await;
    check_bodies(store.pieces(), &unpack, &answer).await;
    check_documents(store.documents()).await;
    check_parts(store.parts(), &pack, &unpack).await;
    check_models(&store, &pack).await;
    check_strangers(&store, &pack).await;
    check_left_over_parts(&store, &pack).await;
    check_locks(&locks).await;
}

/// A body counts as absent until it is verified, and what is abandoned on the way can be recovered.
#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_bodies<P: Pieces>(
    pieces: &P,
    unpack: &impl Fn(P::Bytes) -> Vec<u8>,
    answer: &impl Fn(u16, &[u8]) -> P::Body,
) {
    let digest = sha256(b"a piece");
    for (status, bytes, expected) in [
        (200, &b"another"[..], Refusal::Mismatch),
        (200, b"a pie", Refusal::Mismatch),
        (200, b"", Refusal::Empty),
        (404, b"a piece", Refusal::Status(404)),
        (503, b"", Refusal::Status(503)),
    ] {
        assert_eq!(pieces.admit_body(&digest, &answer(status, bytes)).await, Err(expected), "{status}");
        assert!(!pieces.has(&digest).await.unwrap());
    }
    // Abandoned before its body came, before it was verified, and given back.
    drop(pieces.reserve(&digest).await.unwrap().unwrap());
    assert!(!pieces.recover(&digest).await.unwrap());
    let reservation = pieces.reserve(&digest).await.unwrap().unwrap();
    drop(pieces.take(reservation, &answer(200, b"a piece")).await.unwrap());
    assert!(!pieces.has(&digest).await.unwrap());
    assert!(pieces.get(&digest).await.unwrap().is_none());
    assert!(pieces.list().await.unwrap().is_empty());
    assert_eq!(pieces.unfinished().await.unwrap(), DigestSet::from([digest]));
    assert!(!pieces.recover_all(&DigestSet::default()).await.unwrap(), "another piece is asked for");
    assert!(pieces.recover_all(&DigestSet::from([digest])).await.unwrap());
    assert_eq!(unpack(pieces.get(&digest).await.unwrap().unwrap()), b"a piece");
    assert!(pieces.unfinished().await.unwrap().is_empty());
    assert!(pieces.reserve(&digest).await.unwrap().is_none(), "it is kept already");
    assert!(pieces.delete(&digest).await.unwrap());

    let reservation = pieces.reserve(&digest).await.unwrap().unwrap();
    pieces.give_back(reservation).await.unwrap();
    let reservation = pieces.reserve(&digest).await.unwrap().unwrap();
    drop(pieces.take(reservation, &answer(200, b"wrong")).await.unwrap());
    assert!(!pieces.recover(&digest).await.unwrap(), "what is not right is removed");
    assert!(!pieces.recover(&digest).await.unwrap(), "and its mark the next time");
    assert!(pieces.unfinished().await.unwrap().is_empty());
}

#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_locks(locks: &impl Locks) {
    let model: ModelId = "owner/locked".parse().unwrap();
    let name = LockName::PageEngine(&model);
    assert!(!locks.is_taken(name).await.unwrap());
    assert!(!locks.is_any_page_engine_at_work().await.unwrap());
    let lock = locks.wait(name).await.unwrap();
    assert!(locks.is_taken(name).await.unwrap());
    assert!(locks.is_any_page_engine_at_work().await.unwrap());
    assert!(locks.if_free(name).await.unwrap().is_none());
    assert!(locks.if_free(LockName::Recovery(&model)).await.unwrap().is_some());
    drop(lock);
    drop(locks.wait(name).await.unwrap());
}

#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_pieces<P: Pieces>(
    pieces: &P,
    pack: &impl Fn(&[u8]) -> P::Bytes,
    unpack: &impl Fn(P::Bytes) -> Vec<u8>,
) {
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let digest = sha256(&bytes);
    assert!(pieces.list().await.unwrap().is_empty(), "the suite starts on an empty store");
    assert!(!pieces.has(&digest).await.unwrap());
    assert!(pieces.get(&digest).await.unwrap().is_none());

    let mut wrong = bytes.clone();
    wrong[100_000] ^= 1;
    let refused = pieces.admit(&digest, pack(&wrong)).await;
    assert_eq!(refused, Err(AdmitError::Mismatch { expected: digest, found: sha256(&wrong) }));
    let cut = pieces.admit(&digest, pack(&bytes[..199_999])).await;
    assert!(matches!(cut, Err(AdmitError::Mismatch { .. })));
    let empty = pieces.admit(&digest, pack(&[])).await;
    assert_eq!(empty, Err(AdmitError::Mismatch { expected: digest, found: sha256(&[]) }));
    assert!(pieces.list().await.unwrap().is_empty(), "nothing that does not match gets in");

    pieces.admit(&digest, pack(&bytes)).await.unwrap();
    pieces.admit(&digest, pack(&bytes)).await.unwrap();
    assert!(pieces.has(&digest).await.unwrap());
    assert_eq!(unpack(pieces.get(&digest).await.unwrap().unwrap()), bytes);
    assert_eq!(pieces.list().await.unwrap(), DigestSet::from([digest]), "twice is the same as once");

    assert!(pieces.admit(&digest, pack(&wrong)).await.is_err());
    assert_eq!(unpack(pieces.get(&digest).await.unwrap().unwrap()), bytes, "wrong bytes replace nothing");

    assert!(pieces.delete(&digest).await.unwrap());
    assert!(!pieces.delete(&digest).await.unwrap());
    assert!(!pieces.has(&digest).await.unwrap());
}

#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_documents<D: Documents>(documents: &D) {
    let key = "/api/models/a%20b/%E6%A8%A1%3F/wish";
    assert_eq!(documents.get(key).await.unwrap(), None);
    documents.put(key, "one").await.unwrap();
    documents.put(key, "{\"text\": \"zwei, 二\"}").await.unwrap();
    assert_eq!(documents.get(key).await.unwrap().as_deref(), Some("{\"text\": \"zwei, 二\"}"));
    assert_eq!(documents.keys().await.unwrap(), [key], "a key comes back as it was given");
    assert!(documents.delete(key).await.unwrap());
    assert!(!documents.delete(key).await.unwrap());
    assert!(documents.keys().await.unwrap().is_empty());
}

#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_parts<T: Parts>(
    parts: &T,
    pack: &impl Fn(&[u8]) -> T::Bytes,
    unpack: &impl Fn(T::Bytes) -> Vec<u8>,
) {
    let (one, other) = (sha256(b"one"), sha256(b"other"));
    let read = async |digest: &Digest| {
        let mut seen = BTreeMap::new();
        parts.read(digest, |offset, bytes| drop(seen.insert(offset, unpack(bytes)))).await.unwrap();
        seen.into_iter().collect::<Vec<_>>()
    };
    let put = async |digest: &Digest, ranges: &[(u32, u32)], bytes: &[u8]| {
        let part = Part { digest: *digest, ranges: ranges.to_vec() };
        let mut piece = vec![0; 300_000];
        let mut rest = bytes;
        for (first, end) in ranges {
            let (bytes, behind) = rest.split_at((end - first) as usize);
            piece[*first as usize..*end as usize].copy_from_slice(bytes);
            rest = behind;
        }
        parts.put(&part, &pack(&piece)).await.unwrap();
    };
    assert!(read(&one).await.is_empty());
    put(&one, &[(0, 3)], b"ABC").await;
    put(&one, &[(3, 4), (70_000, 140_000), (200_000, 200_002)], &[&b"d"[..], &[7; 70_000], b"xy"].concat())
        .await;
    put(&one, &[(0, 3)], b"abc").await;
    put(&other, &[(4, 5)], b"x").await;
    let expected =
        [(0, b"abc".to_vec()), (3, b"d".to_vec()), (70_000, vec![7; 70_000]), (200_000, b"xy".to_vec())];
    assert_eq!(read(&one).await, expected, "the later put counts");
    assert_eq!(read(&other).await, [(4, b"x".to_vec())]);
    assert_eq!(parts.list().await.unwrap(), DigestSet::from([one, other]));
    assert!(parts.delete(&one).await.unwrap());
    assert!(!parts.delete(&one).await.unwrap());
    assert!(read(&one).await.is_empty());
    assert_eq!(parts.list().await.unwrap(), DigestSet::from([other]), "only those of that piece go");
    assert!(parts.delete(&other).await.unwrap());
}

/// Parts stay while their piece is missing and named, and are never taken for the piece.
#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_left_over_parts<P: Pieces, D: Documents, T: Parts<Bytes = P::Bytes>>(
    store: &ModelStore<P, D, T>,
    pack: &impl Fn(&[u8]) -> P::Bytes,
) {
    let model: ModelId = "owner/unfinished".parse().unwrap();
    let revision = Revision::from_bytes([6; 20]);
    let file = |path: &str, body: &[u8]| File {
        path: path.parse().unwrap(),
        size: body.len() as u64,
        sha256: sha256(body),
        pieces: vec![sha256(body)],
    };
    let files = vec![file("a", b"complete"), file("b", b"missing")];
    let manifest = Manifest::new(model.clone(), revision, 1 << 20, files).unwrap();
    store.put_manifest(&manifest).await.unwrap();
    store.pieces().admit(&sha256(b"complete"), pack(b"complete")).await.unwrap();
    for body in [&b"complete"[..], b"missing", b"unknown"] {
        let part = Part { digest: sha256(body), ranges: vec![(0, body.len() as u32)] };
        store.parts().put(&part, &pack(body)).await.unwrap();
    }
    assert!(!store.stored(&model, revision).await.unwrap().unwrap().is_ready());
    assert!(!store.pieces().has(&sha256(b"missing")).await.unwrap());
    assert_eq!(store.sweep().await.unwrap(), 0);
    assert_eq!(store.parts().list().await.unwrap(), DigestSet::from([sha256(b"missing")]));
    store.discard(&model, revision).await.unwrap();
    assert!(store.parts().list().await.unwrap().is_empty());
    assert!(store.pieces().list().await.unwrap().is_empty());
}

/// What another version has stored costs nothing.
#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_strangers<P: Pieces, D: Documents, T: Parts>(
    store: &ModelStore<P, D, T>,
    pack: &impl Fn(&[u8]) -> P::Bytes,
) {
    let model: ModelId = "of/another version".parse().unwrap();
    let revision = Revision::from_bytes([5; 20]);
    let key = protocol::routes::manifest(&model, revision);
    store.documents().put(&key, "modelferry manifest 9\nand so on\n").await.unwrap();
    store.pieces().admit(&sha256(b"theirs"), pack(b"theirs")).await.unwrap();
    assert_eq!(store.manifest(&model, revision).await.unwrap(), None);
    assert!(store.has_manifest(&model, revision).await.unwrap());
    assert_eq!(store.sweep().await.unwrap(), 0);
    store.documents().delete(&key).await.unwrap();
    assert_eq!(store.sweep().await.unwrap(), 1);
}

#[expect(clippy::unwrap_used, reason = "a failure of the suite is a panic")]
async fn check_models<P: Pieces, D: Documents, T: Parts>(
    store: &ModelStore<P, D, T>,
    pack: &impl Fn(&[u8]) -> P::Bytes,
) {
    let admit = async |bytes: &[u8]| store.pieces().admit(&sha256(bytes), pack(bytes)).await.unwrap();
    let manifest = |model: &str, revision: u8, bodies: &[&[u8]]| {
        let file = |(i, body): (usize, &&[u8])| File {
            path: format!("folder {i}/file").parse().unwrap(),
            size: body.len() as u64,
            sha256: sha256(body),
            pieces: vec![sha256(body)],
        };
        let files = bodies.iter().enumerate().map(file).collect();
        let model: ModelId = model.parse().unwrap();
        Manifest::new(model, Revision::from_bytes([revision; 20]), 1 << 20, files).unwrap()
    };
    let old = manifest("my models/100%", 1, &[b"shared", b"old"]);
    let new = manifest("my models/100%", 2, &[b"shared", b"new"]);
    let other = manifest("my models/100% more", 3, &[b"shared"]);
    let model = old.model();

    store.put_manifest(&old).await.unwrap();
    assert_eq!(store.manifest(model, old.revision()).await.unwrap().as_ref(), Some(&old));
    assert_eq!(store.manifest(model, new.revision()).await.unwrap(), None);
    admit(b"shared").await;
    let stored = store.stored(model, old.revision()).await.unwrap().unwrap();
    assert!(!stored.is_ready());
    assert_eq!(stored.kept, DigestSet::from([sha256(b"shared")]));
    admit(b"old").await;
    assert!(store.stored(model, old.revision()).await.unwrap().unwrap().is_ready());

    let intent = Intent { revision: new.revision(), state: IntentState::Active, nonce: Some(1 << 41) };
    store.put_intent(model, &intent).await.unwrap();
    assert_eq!(store.intent(model).await.unwrap(), Some(intent));
    assert_eq!(store.intent(other.model()).await.unwrap(), None);

    // A new revision keeps shared pieces. Removing the old one removes only pieces that no manifest names.
    store.put_manifest(&new).await.unwrap();
    store.put_manifest(&other).await.unwrap();
    admit(b"new").await;
    admit(b"left over").await;
    assert_eq!(store.manifests().await.unwrap().len(), 3);
    let mut of_model: Vec<_> =
        store.manifests_of(model).await.unwrap().iter().map(Manifest::revision).collect();
    of_model.sort_unstable();
    let mut both = vec![old.revision(), new.revision()];
    both.sort_unstable();
    assert_eq!(of_model, both);
    assert_eq!(store.manifests_of(other.model()).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(store.sweep().await.unwrap(), 1);
    store.fulfil(model, old.revision()).await.unwrap();
    assert_eq!(store.intent(model).await.unwrap(), Some(intent), "another revision is wanted by now");
    assert_eq!(store.manifests().await.unwrap().len(), 3);
    store.fulfil(model, new.revision()).await.unwrap();
    let kept = |digests: &[&[u8]]| digests.iter().map(|body| sha256(body)).collect::<DigestSet>();
    assert_eq!(store.pieces().list().await.unwrap(), kept(&[b"shared", b"new"]));
    assert!(store.stored(model, new.revision()).await.unwrap().unwrap().is_ready());
    assert_eq!(store.intent(model).await.unwrap(), None, "it is fulfilled");
    // A page of the old one may have been complete at the same moment.
    store.fulfil(model, old.revision()).await.unwrap();
    assert!(store.stored(model, new.revision()).await.unwrap().unwrap().is_ready());

    let mut sizes = store.kept_of_each().await.unwrap();
    sizes.sort();
    assert_eq!(sizes, [(model.clone(), 9), (other.model().clone(), 6)]);

    // To discard one revision is not to lose the other.
    store.put_manifest(&old).await.unwrap();
    admit(b"old").await;
    store.discard(model, old.revision()).await.unwrap();
    assert_eq!(store.pieces().list().await.unwrap(), kept(&[b"shared", b"new"]));

    store.put_intent(model, &intent).await.unwrap();
    store.remove(model).await.unwrap();
    assert_eq!(store.intent(model).await.unwrap(), None);
    assert_eq!(store.pieces().list().await.unwrap(), kept(&[b"shared"]), "the other model still names it");
    store.remove(other.model()).await.unwrap();
    assert!(store.pieces().list().await.unwrap().is_empty());
    assert!(store.manifests().await.unwrap().is_empty());
}

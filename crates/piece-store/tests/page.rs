//! The Cache API in a page passes the suite.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::future::ready;

use futures_util::future::{Either, join_all, select};
use js_sys::{ArrayBuffer, Function, Uint8Array};
use piece_store::{
    BrowserParts, BrowserStore, ByteReader, CacheDocuments, CacheParts, CachePieces, Documents as _,
    FileParts, LockName, Locks as _, ModelStore, Parts, Pieces as _, StoreErrorKind, WebLocks, conformance,
    remove_other_layouts, sha256,
};
use protocol::transfer::Part;
use protocol::{Digest, Refusal};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Response, ResponseInit};

wasm_bindgen_test_configure!(run_in_browser);

async fn conforms<T: Parts<Bytes = Uint8Array>>(parts: T) {
    let pieces = CachePieces::open().await.unwrap();
    let store = ModelStore::new(pieces, CacheDocuments::open().await.unwrap(), parts);
    let (pack, unpack) = (|bytes: &[u8]| Uint8Array::from(bytes), |bytes: Uint8Array| bytes.to_vec());
    conformance::run(store, WebLocks, pack, unpack, answer).await;
}

fn answer(status: u16, bytes: &[u8]) -> Response {
    let init = ResponseInit::new();
    init.set_status(status);
    Response::new_with_opt_js_u8_array_and_init(Some(&Uint8Array::from(bytes)), &init).unwrap()
}

#[wasm_bindgen_test]
async fn the_cache_api_conforms_in_a_page() {
    conforms(CacheParts::open().await.unwrap()).await;
}

#[wasm_bindgen_test]
async fn files_conform_in_a_page() {
    for kept_open in [true, false] {
        let files = FileParts::default();
        let _open = kept_open.then(|| files.keep_open());
        conforms(files.clone()).await;
    }
    conforms(BrowserParts::open().await.unwrap()).await;
}

fn bytes_of(text: &[u8]) -> Uint8Array {
    Uint8Array::from(text)
}

async fn read(files: &FileParts, digest: &Digest) -> Vec<(u32, Vec<u8>)> {
    let mut seen = Vec::new();
    files.read(digest, |offset, bytes| seen.push((offset, bytes.to_vec()))).await.unwrap();
    seen
}

/// As a page leaves it that is killed while its worker writes.
#[wasm_bindgen_test]
async fn a_range_whose_bytes_are_not_there_is_none_and_does_not_hide_later_ones() {
    let files = FileParts::default();
    let piece = bytes_of(b"abcdefghijklmnopqrstuvwxyz");
    let digest = sha256(&piece).await.unwrap();
    let whole = |ranges: &[u32], bytes: &[u8]| {
        let mut file: Vec<u8> = ranges.iter().flat_map(|number| number.to_ne_bytes()).collect();
        file.resize(64 << 10, 0);
        [&file, bytes].concat()
    };
    let ranges = [0, 3, 10, 14];
    for (ranges, length, left) in [
        (&ranges[..], 14, 2),
        (&ranges, 13, 1),
        (&ranges, 10, 1),
        (&ranges, 2, 0),
        (&ranges, 0, 0),
        (&ranges[..3], 14, 1),
        (&[3, 3, 10, 14], 14, 0),
        (&[14, 10, 0, 3], 14, 0),
        (&[], 14, 0),
    ] {
        write(&digest, &whole(ranges, &piece.to_vec()[..length])).await;
        let mut expected = vec![(0, b"abc".to_vec()), (10, b"klmn".to_vec())];
        expected.truncate(left);
        assert_eq!(read(&files, &digest).await, expected, "{ranges:?}, {length}");
        files.put(&Part { digest, ranges: vec![(20, 22)] }, &piece).await.unwrap();
        expected.push((20, b"uv".to_vec()));
        assert_eq!(read(&files, &digest).await, expected, "{ranges:?}, {length}");
        assert!(files.delete(&digest).await.unwrap());
    }
    assert!(!files.list().await.unwrap().contains(&digest));
}

#[wasm_bindgen_test]
async fn more_ranges_than_fit_are_refused_and_those_before_stay() {
    let files = FileParts::default();
    let _open = files.keep_open();
    let piece = Uint8Array::new_with_length(30_000);
    let digest = sha256(&piece).await.unwrap();
    let ranges = |from: u32, count: u32| (from..from + count).map(|n| (2 * n, 2 * n + 1)).collect();
    files.put(&Part { digest, ranges: ranges(0, 8191) }, &piece).await.unwrap();
    let more = files.put(&Part { digest, ranges: ranges(9000, 1) }, &piece).await;
    assert_eq!(more.map_err(|error| error.kind), Err(StoreErrorKind::Other));
    assert_eq!(read(&files, &digest).await.len(), 8191);
    assert!(files.delete(&digest).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_piece_gets_out_of_its_file_into_the_store_if_all_of_it_is_right() {
    let (pieces, parts) = (CachePieces::open().await.unwrap(), BrowserParts::open().await.unwrap());
    let bytes = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect::<Vec<_>>();
    let mut piece = bytes_of(&bytes);
    let digest = sha256(&piece).await.unwrap();
    let part = |ranges: &[(u32, u32)]| Part { digest, ranges: ranges.to_vec() };
    let _open = parts.keep_open();
    parts.put(&part(&[(100_000, 150_000)]), &piece).await.unwrap();
    // There is a gap.
    assert!(parts.whole(&part(&[(150_000, 200_000)]), &mut piece).await.is_none());
    assert_eq!(piece.to_vec()[..100_000], vec![0; 100_000], "what is in the file");
    let mut wrong = bytes_of(&bytes);
    wrong.set_index(7, 99);
    assert!(parts.whole(&part(&[(0, 100_000)]), &mut wrong).await.is_none());
    assert!(!pieces.has(&digest).await.unwrap());

    let mut piece = bytes_of(&bytes);
    // A part of it went to a cache, by another page or by this one's worker: then its file alone is not whole.
    let elsewhere = BrowserParts::open().await.unwrap();
    elsewhere.is_scattered(&digest);
    assert!(elsewhere.whole(&part(&[]), &mut piece).await.is_none());
    assert_eq!(piece.to_vec(), bytes, "and its memory is left alone");
    CacheParts::open().await.unwrap().put(&part(&[(7, 9)]), &piece).await.unwrap();
    let reader = BrowserParts::open().await.unwrap();
    reader.read(&digest, |_, _| {}).await.unwrap();
    assert!(reader.whole(&part(&[]), &mut piece).await.is_none());
    assert_eq!(piece.to_vec(), bytes);

    let file = parts.whole(&part(&[(0, 100_000)]), &mut piece).await.unwrap();
    assert_eq!(piece.to_vec(), bytes);
    pieces.admit_file(&file).await.unwrap();
    assert!(parts.delete(&digest).await.unwrap());
    assert_eq!(pieces.get(&digest).await.unwrap().unwrap().to_vec(), bytes);
    let stored = pieces.response(&digest).await.unwrap().unwrap();
    assert_eq!(stored.headers().get("content-length").unwrap().as_deref(), Some("200000"));
    assert!(pieces.delete(&digest).await.unwrap());
    assert!(parts.whole(&part(&[]), &mut piece).await.is_none(), "there is no file any more");
}

/// What one page has open, another one can neither read nor remove, and finds later.
#[wasm_bindgen_test]
async fn a_file_that_somebody_has_open_is_left_alone() {
    let (one, other) = (FileParts::default(), FileParts::default());
    let digest = sha256(&Uint8Array::from(&b"open"[..])).await.unwrap();
    let open = one.keep_open();
    let part = Part { digest, ranges: vec![(0, 4)] };
    one.put(&part, &bytes_of(b"open")).await.unwrap();
    assert!(!other.delete(&digest).await.unwrap());
    assert!(other.list().await.unwrap().contains(&digest));
    let mut seen = 0;
    let failed = other.read(&digest, |_, _| seen += 1).await;
    assert_eq!((failed.map_err(|error| error.kind), seen), (Err(StoreErrorKind::Other), 0));
    let both = BrowserParts::open().await.unwrap();
    let another = Part { digest, ranges: vec![(7, 9)] };
    both.put(&another, &bytes_of(b"abcdefghi")).await.unwrap();
    drop(open);
    let mut seen = Vec::new();
    both.read(&digest, |offset, _| seen.push(offset)).await.unwrap();
    assert_eq!(seen, [0, 7], "what was locked is back, and what could not be written beside it is there");
    assert!(both.delete(&digest).await.unwrap());
    assert!(!both.list().await.unwrap().contains(&digest));
}

/// Writes the file of a piece.
async fn write(digest: &Digest, bytes: &[u8]) {
    let script = format!(
        "return (async () => {{
            const root = await navigator.storage.getDirectory();
            const folder = await root.getDirectoryHandle('modelferry-parts-1', {{ create: true }});
            const file = await (await folder.getFileHandle('{digest}', {{ create: true }})).createWritable();
            await file.write(new Uint8Array({bytes:?}));
            await file.close();
        }})()"
    );
    let done = Function::new_no_args(&script).call0(&JsValue::NULL).unwrap();
    JsFuture::from(done.unchecked_into::<js_sys::Promise>()).await.unwrap();
}

#[wasm_bindgen_test]
async fn caches_of_other_layouts_go_and_those_of_others_stay() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    for name in ["modelferry-pieces-0", "somebody-else"] {
        JsFuture::from(caches.open(name)).await.unwrap();
    }
    BrowserStore::open().await.unwrap();
    remove_other_layouts().await.unwrap();
    let has = async |name| JsFuture::from(caches.has(name)).await.unwrap().is_truthy();
    assert!(!has("modelferry-pieces-0").await);
    for ours in ["modelferry-pieces-1", "modelferry-manifests-1", "modelferry-parts-1"] {
        assert!(has(ours).await, "{ours}");
    }
    assert!(has("somebody-else").await);
}

/// An open `Cache` object goes on writing into a cache that was deleted, where nobody can read it.
#[wasm_bindgen_test]
async fn what_is_stored_after_the_caches_were_deleted_can_be_read() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    let (pieces, documents) = (CachePieces::open().await.unwrap(), CacheDocuments::open().await.unwrap());
    let parts = CacheParts::open().await.unwrap();
    let bytes = || Uint8Array::from(&b"bytes"[..]);
    let digest = sha256(&bytes()).await.unwrap();
    let part = Part { digest, ranges: vec![(0, 5)] };
    pieces.admit(&digest, bytes()).await.unwrap();
    documents.put("/key", "text").await.unwrap();
    parts.put(&part, &bytes()).await.unwrap();

    for name in ["modelferry-pieces-1", "modelferry-manifests-1", "modelferry-parts-1"] {
        assert!(JsFuture::from(caches.delete(name)).await.unwrap().is_truthy());
    }
    assert!(!pieces.has(&digest).await.unwrap(), "what is gone is seen to be gone");
    assert_eq!(documents.get("/key").await.unwrap(), None);
    assert!(parts.list().await.unwrap().is_empty());

    pieces.admit(&digest, bytes()).await.unwrap();
    documents.put("/key", "text").await.unwrap();
    parts.put(&part, &bytes()).await.unwrap();
    // As somebody who comes later sees it.
    assert!(CachePieces::open().await.unwrap().has(&digest).await.unwrap());
    assert_eq!(CacheDocuments::open().await.unwrap().get("/key").await.unwrap().as_deref(), Some("text"));
    assert!(CacheParts::open().await.unwrap().list().await.unwrap().contains(&digest));

    assert!(pieces.delete(&digest).await.unwrap());
    assert!(documents.delete("/key").await.unwrap());
    assert!(parts.delete(&digest).await.unwrap());
}

/// Of what a server or a browser may answer, only the right bytes are let in, each as soon as it is right.
#[wasm_bindgen_test]
async fn answers_are_admitted_if_their_bytes_are_right() {
    let pieces = CachePieces::open().await.unwrap();
    let body = |n: u8| vec![n; 300_000 + usize::from(n)];
    let mut digests = Vec::new();
    for n in 0..6 {
        digests.push(sha256(&Uint8Array::from(&body(n)[..])).await.unwrap());
    }
    let mut wrong = body(1);
    wrong[299_999] ^= 1;
    let answers = [
        (3, answer(200, &body(3)), Ok(())),
        (1, answer(200, &wrong), Err(Refusal::Mismatch)),
        (5, answer(200, &body(5)), Ok(())),
        (2, answer(200, b""), Err(Refusal::Empty)),
        (4, answer(503, &body(4)), Err(Refusal::Status(503))),
        (0, answer(200, &body(0)), Ok(())),
    ];
    // All at once: they share the memory for verification.
    let admitting = answers.iter().map(async |(n, answer, expected)| {
        assert_eq!(pieces.admit_body(&digests[*n], answer).await, *expected, "{n}");
    });
    join_all(admitting).await;
    // Somebody may have found the body of what was refused, and must find its mark then.
    assert!(pieces.unfinished().await.unwrap() == [1, 2, 4].map(|n: usize| digests[n]).into_iter().collect());
    for n in [1, 2, 4] {
        assert!(!pieces.recover(&digests[n]).await.unwrap());
    }
    assert!(pieces.unfinished().await.unwrap().is_empty());
    for (n, digest) in (0..6).zip(&digests) {
        let kept = pieces.get(digest).await.unwrap().map(|bytes| bytes.to_vec());
        assert_eq!(kept, [0, 3, 5].contains(&n).then(|| body(n)));
        pieces.delete(digest).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn one_memory_reads_one_body_after_the_other() {
    let mut memory = ArrayBuffer::new(1000);
    for round in 0..3_u8 {
        let sent = vec![round; 2500];
        let body = Uint8Array::from(&sent[..]);
        let answer = Response::new_with_opt_js_u8_array(Some(&body)).unwrap();
        let mut reader = ByteReader::new(&answer.body().unwrap(), memory).unwrap();
        let mut came = Vec::new();
        while let Some(chunk) = reader.read(0).await.unwrap() {
            came.extend(chunk.to_vec());
        }
        assert_eq!(came, sent);
        memory = reader.into_memory().unwrap();
        assert_eq!(memory.byte_length(), 1000);
    }
}

/// Firefox keeps what had been written of an entry when its tab is closed in the middle.
#[wasm_bindgen_test]
async fn a_piece_whose_storing_was_given_up_counts_as_absent() {
    let caches = web_sys::window().unwrap().caches().unwrap();
    let pieces = CachePieces::open().await.unwrap();
    let bytes = || Uint8Array::from(&b"whole"[..]);
    let digest = sha256(&bytes()).await.unwrap();
    // As such a tab leaves it: the mark, and the beginning of the piece.
    let cache: web_sys::Cache =
        JsFuture::from(caches.open("modelferry-pieces-1")).await.unwrap().unchecked_into();
    let url = format!("/pieces/{digest}");
    for (key, text) in [(format!("{url}?unfinished"), ""), (url, "who")] {
        let response = Response::new_with_opt_str(Some(text)).unwrap();
        JsFuture::from(cache.put_with_str(&key, &response)).await.unwrap();
    }
    assert!(!pieces.has(&digest).await.unwrap());
    assert!(pieces.get(&digest).await.unwrap().is_none());
    assert!(!pieces.list().await.unwrap().contains(&digest));
    assert!(pieces.unfinished().await.unwrap().contains(&digest));

    assert!(!pieces.recover(&digest).await.unwrap(), "what is not right is removed");
    assert!(!pieces.recover(&digest).await.unwrap(), "and its mark the next time");
    assert!(pieces.unfinished().await.unwrap().is_empty());

    pieces.admit(&digest, bytes()).await.unwrap();
    assert_eq!(pieces.get(&digest).await.unwrap().unwrap().to_vec(), b"whole");
    assert!(!pieces.unfinished().await.unwrap().contains(&digest));
    assert!(pieces.delete(&digest).await.unwrap());
}

#[wasm_bindgen_test]
async fn what_was_given_up_is_recovered_at_once_but_not_what_somebody_is_storing() {
    let pieces = CachePieces::open().await.unwrap();
    let stored = async |text: &[u8]| {
        let bytes = Uint8Array::from(text);
        let digest = sha256(&bytes).await.unwrap();
        let answer = Response::new_with_opt_js_u8_array(Some(&bytes)).unwrap();
        let reservation = pieces.reserve(&digest).await.unwrap().unwrap();
        (digest, pieces.take(reservation, &answer).await.unwrap())
    };
    let (left, dropped) = stored(b"left").await;
    drop(dropped);
    let (busy, staged) = stored(b"busy").await;
    let (other, dropped) = stored(b"of another model").await;
    drop(dropped);

    let wanted = [left, busy].into_iter().collect();
    assert!(pieces.recover_all(&wanted).await.unwrap());
    assert!(pieces.has(&left).await.unwrap());
    assert!(pieces.unfinished().await.unwrap() == [busy, other].into_iter().collect());
    assert!(!pieces.recover_all(&wanted).await.unwrap(), "nothing more");

    pieces.verify(staged).await.unwrap();
    for digest in [left, busy, other] {
        assert!(pieces.delete(&digest).await.unwrap());
    }
}

/// A server's headers say what an answer varies by; a piece is the same for everybody.
#[wasm_bindgen_test]
async fn an_answer_that_varies_is_found_by_everybody() {
    let pieces = CachePieces::open().await.unwrap();
    let bytes = Uint8Array::from(&b"varies"[..]);
    let digest = sha256(&bytes).await.unwrap();
    let answer = Response::new_with_opt_js_u8_array(Some(&bytes)).unwrap();
    answer.headers().set("vary", "accept-encoding, origin").unwrap();
    pieces.admit_body(&digest, &answer).await.unwrap();
    assert!(pieces.has(&digest).await.unwrap());
    assert!(pieces.delete(&digest).await.unwrap());
    assert!(!pieces.has(&digest).await.unwrap());
}

#[wasm_bindgen_test]
async fn a_lock_that_nobody_waits_for_any_more_is_released() {
    let name = LockName::Store;
    let first = WebLocks.wait(name).await.unwrap();
    // The one is abandoned before it is granted, the other between the grant and the news of it.
    let mut abandoned = Box::pin(WebLocks.wait(name));
    assert!(matches!(select(&mut abandoned, ready(())).await, Either::Right(_)));
    let mut granted = Box::pin(WebLocks.wait(name));
    assert!(matches!(select(&mut granted, ready(())).await, Either::Right(_)));
    drop(abandoned);
    drop(first);
    for _ in 0..50 {
        WebLocks.is_taken(name).await.unwrap();
    }
    drop(granted);
    WebLocks.wait(name).await.unwrap();
}

//! Models that change while the server runs.

use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::http::StatusCode;

use crate::folder::{Folder, noise, sha256, until};
use crate::in_process::{App, PIECE};

/// Waits until a model has another revision than `old`, and returns it.
fn next_revision(app: &App, model: &str, old: &str) -> String {
    until("a new revision", || {
        let revision = app.revision(model);
        (revision != old).then_some(revision)
    })
}

#[tokio::test]
async fn models_come_and_go() {
    let folder = Folder::new();
    let app = App::of(&folder);
    assert_eq!(app.get("/api/models").await.text(), "[]");
    folder.put("o/n/a", b"1");
    until("the new model", || app.index.model(&"o/n".parse().unwrap()));
    assert_eq!(app.get("/o/n/resolve/main/a").await.status, StatusCode::TEMPORARY_REDIRECT);
    fs::remove_dir_all(folder.models().join("o")).unwrap();
    until("no model", || app.index.model(&"o/n".parse().unwrap()).is_none().then_some(()));
    assert_eq!(app.get("/o/n/resolve/main/a").await.field("x-error-code"), "RepoNotFound");
}

#[tokio::test]
async fn a_replaced_file_gives_a_new_revision_and_its_old_pieces_are_gone() {
    let folder = Folder::new();
    let mut bytes = noise(1, 2 * PIECE);
    folder.put("o/n/a", &bytes);
    folder.put("o/n/b", b"1");
    let app = App::of(&folder);
    let old = app.revision("o/n");
    let (kept, lost) = (sha256(&bytes[..PIECE]), sha256(&bytes[PIECE..]));
    bytes[PIECE..].copy_from_slice(&noise(2, PIECE));
    folder.replace("o/n/a", &bytes);
    // From the very first moment, whatever the index knows already.
    let answer = app.get(&format!("/pieces/{lost}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let new = next_revision(&app, "o/n", &old);
    assert_eq!(app.get(&format!("/pieces/{lost}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.get(&format!("/pieces/{kept}")).await.status, StatusCode::OK);
    let added = app.get(&format!("/pieces/{}", sha256(&bytes[PIECE..]))).await;
    assert_eq!(added.body, bytes[PIECE..]);
    let gone = app.get(&format!("/o/n/resolve/{old}/b")).await;
    assert_eq!(gone.field("x-error-code"), "RevisionNotFound");
    assert_eq!(app.get(&format!("/o/n/resolve/{new}/a")).await.body, bytes);
}

#[tokio::test]
async fn a_file_written_in_place_is_never_served_under_its_old_digest() {
    let folder = Folder::new();
    let bytes = noise(1, 500);
    folder.put("o/n/a", &bytes);
    let app = App::of(&folder);
    let old = app.revision("o/n");
    fs::write(folder.models().join("o/n/a"), noise(2, 500)).unwrap();
    for url in [format!("/pieces/{}", sha256(&bytes)), format!("/o/n/resolve/{old}/a")] {
        assert_eq!(app.get(&url).await.status, StatusCode::NOT_FOUND, "{url}");
    }
    let new = next_revision(&app, "o/n", &old);
    assert_eq!(app.get(&format!("/o/n/resolve/{new}/a")).await.body, noise(2, 500));
}

#[tokio::test]
async fn a_piece_is_served_from_whichever_file_still_has_it() {
    let folder = Folder::new();
    let bytes = noise(1, 500);
    folder.put("o/m/a", &bytes);
    folder.put("o/n/a", &bytes);
    let app = App::of(&folder);
    let url = format!("/pieces/{}", sha256(&bytes));
    folder.replace("o/m/a", b"other");
    assert_eq!(app.get(&url).await.body, bytes);
    until("the new file", || {
        let digest = sha256(b"other").parse().unwrap();
        (!app.index.snapshot().piece(&digest).is_empty()).then_some(())
    });
    assert_eq!(app.get(&url).await.body, bytes);
}

#[tokio::test]
async fn a_model_that_is_being_hashed_can_be_asked_for_later() {
    let folder = Folder::new();
    // Long enough to be still hashing when the first request comes; if not, there is nothing to see.
    folder.put("o/n/a", &noise(1, 20_000_000));
    let app = App::opening(&folder);
    let answer = app.get("/o/n/resolve/main/a").await;
    if answer.status != StatusCode::TEMPORARY_REDIRECT {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text().contains("still being indexed"));
        assert_eq!(answer.field("retry-after"), "5");
    }
}

#[test]
fn a_pipe_in_a_files_place_holds_nobody_up() {
    let (sender, answers) = mpsc::channel();
    // Beside this thread: if somebody waits for the pipe's other end, all of the runtime does.
    thread::spawn(move || {
        let folder = Folder::new();
        folder.put("o/n/known", b"1");
        folder.put("o/n/unknown", b"2");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = App::looking(&folder, Duration::from_secs(3600));
            until("all files hashed", || app.index.report().pending.is_empty().then_some(()));
            let url = |name: &str| format!("/o/n/resolve/{}/{name}", app.revision("o/n"));
            let (known, unknown) = (url("known"), url("unknown"));
            // What file system it is on is found out when it is first opened.
            assert_eq!(app.get(&known).await.body, b"1");
            for name in ["known", "unknown"] {
                let place = folder.models().join("o/n").join(name);
                fs::remove_file(&place).unwrap();
                assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
            }
            for url in [known, unknown] {
                sender.send(app.get(&url).await.status.to_string()).unwrap();
            }
            let problem = until("the pipe to be seen", || app.index.report().problems.first().cloned());
            sender.send(problem.reason).unwrap();
        });
    });
    for expected in ["404 Not Found", "404 Not Found", "this is neither a file nor a folder"] {
        assert_eq!(answers.recv_timeout(Duration::from_secs(60)).as_deref(), Ok(expected));
    }
}

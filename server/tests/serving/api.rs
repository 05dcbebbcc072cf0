//! The JSON routes: the hub's shapes, the manifest, the index, health.

use axum::http::StatusCode;
use protocol::{IndexReport, Manifest, ModelInfo, TextForm as _, hub};
use serde_json::json;

use crate::folder::{Folder, sha256};
use crate::in_process::App;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.put(
        "o/n/README.md",
        b"---\nlicense: \"apache-2.0\"\npipeline_tag: fill-mask\nlibrary_name: x\n---\n# N\n",
    );
    folder.put("o/n/sub/deep/a.bin", b"12345");
    folder.put("o/n/sub/b.bin", b"1");
    folder.put("p/q/c.bin", b"1");
    folder
}

#[tokio::test]
async fn a_model_is_described_in_the_hubs_shape() {
    let folder = folder();
    let app = App::of(&folder);
    let answer = app.get("/api/models/o/n").await;
    let info: ModelInfo = serde_json::from_slice(&answer.body).unwrap();
    let revision = app.revision("o/n");
    assert_eq!(info.sha.to_string(), revision);
    assert_eq!(answer.field("x-repo-commit"), revision);
    assert_eq!(info.card_data.license.as_deref(), Some("apache-2.0"));
    assert_eq!(info.pipeline_tag.as_deref(), Some("fill-mask"));
    assert_eq!(info.library_name.as_deref(), Some("x"));
    let files: Vec<&str> = info.siblings.iter().map(|file| file.rfilename.as_str()).collect();
    assert_eq!(files, ["README.md", "sub/b.bin", "sub/deep/a.bin"]);
    assert_eq!(info.used_storage, info.siblings.iter().map(|file| file.size).sum::<u64>());
    // `huggingface_hub` fails without each of these.
    for name in ["sha256", "size", "pointerSize"] {
        assert!(answer.json()["siblings"][0]["lfs"][name] != json!(null), "{name}");
    }
    // Not what our own type makes of it.
    let said = answer.json();
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(
        keys(&said),
        "_id cardData downloads gated id lastModified library_name likes pipeline_tag private sha siblings tags usedStorage"
    );
    assert_eq!(keys(&said["siblings"][0]), "lfs rfilename size");
    assert_eq!(keys(&said["siblings"][0]["lfs"]), "pointerSize sha256 size");
    for (key, value) in [
        ("_id", json!("o/n")),
        ("id", json!("o/n")),
        ("private", json!(false)),
        ("gated", json!(false)),
        ("tags", json!([])),
        ("downloads", json!(0)),
        ("likes", json!(0)),
    ] {
        assert_eq!(said[key], value, "{key}");
    }
    for revision in ["main", &revision] {
        let same = app.get(&format!("/api/models/o/n/revision/{revision}")).await;
        assert_eq!(same.body, answer.body);
    }
    let all: Vec<ModelInfo> = serde_json::from_slice(&app.get("/api/models").await.body).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], info);
    let report: IndexReport = serde_json::from_slice(&app.get("/api/index").await.body).unwrap();
    assert_eq!(report.models, all);
    assert_eq!(&report, &*app.index.report());
}

#[tokio::test]
async fn the_revision_is_a_function_of_the_content_alone() {
    let folder = folder();
    folder.put("other/name/c.bin", b"1");
    let app = App::of(&folder);
    let line = format!("{} 1 c.bin\n", sha256(b"1"));
    assert_eq!(app.revision("p/q"), sha256(line.as_bytes())[..40]);
    assert_eq!(app.revision("other/name"), app.revision("p/q"));
}

#[tokio::test]
async fn a_manifest_is_asked_about_each_time_since_the_piece_size_is_a_setting() {
    let folder = folder();
    let app = App::of(&folder);
    let revision = app.revision("o/n");
    let fixed = app.get(&format!("/api/models/o/n/manifest/{revision}")).await;
    let moving = app.get("/api/models/o/n/manifest/main").await;
    assert_eq!(fixed.body, moving.body);
    for answer in [&fixed, &moving] {
        assert_eq!(answer.field("cache-control"), "no-cache");
        assert_eq!(answer.field("x-repo-commit"), revision);
        assert_eq!(answer.field("content-type"), "application/json");
    }
    let manifest: Manifest = serde_json::from_slice(&fixed.body).unwrap();
    assert_eq!(manifest.revision().to_string(), revision);
    let etag = moving.field("etag");
    let text = app.get(&format!("/api/models/o/n/manifest/{revision}?form=text")).await;
    assert_eq!(text.field("content-type"), "text/plain;charset=utf-8");
    assert_eq!(Manifest::from_text(str::from_utf8(&text.body).unwrap()).as_ref(), Some(&manifest));
    assert_ne!(text.field("etag"), fixed.field("etag"));
    let known = app.ask("GET", "/api/models/o/n/manifest/main", &[("if-none-match", etag)]).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(known.field("x-repo-commit"), revision);
}

#[tokio::test]
async fn trees_list_folders_and_files() {
    let folder = folder();
    let app = App::of(&folder);
    let paths = async |url: &str| {
        let entries = app.get(&format!("/api/models/o/n/tree/{url}")).await.json();
        let entry = |e: &serde_json::Value| format!("{} {}", e["type"], e["path"]).replace('"', "");
        entries.as_array().unwrap().iter().map(entry).collect::<Vec<_>>()
    };
    assert_eq!(paths("main").await, ["directory sub", "file README.md"]);
    let revision = app.revision("o/n");
    let all =
        ["directory sub", "directory sub/deep", "file README.md", "file sub/b.bin", "file sub/deep/a.bin"];
    assert_eq!(paths(&format!("{revision}?recursive=true&expand=false")).await, all);
    assert_eq!(paths("main/sub").await, ["directory sub/deep", "file sub/b.bin"]);
    assert_eq!(paths("main/sub/?recursive=1").await[2], "file sub/deep/a.bin");
    let file = &app.get("/api/models/o/n/tree/main/sub/deep").await.json()[0];
    let digest = sha256(b"12345");
    let expected = json!({
        "type": "file", "path": "sub/deep/a.bin", "size": 5, "oid": &digest[..40],
        "lfs": { "oid": digest, "size": 5, "pointerSize": 0 },
    });
    assert_eq!(*file, expected);
    let missing = app.get("/api/models/o/n/tree/main/su").await;
    assert_eq!(missing.field("x-error-code"), "EntryNotFound");
}

#[tokio::test]
async fn errors_under_api_are_json() {
    let folder = folder();
    let app = App::of(&folder);
    let zeros = "0".repeat(40);
    for (url, named) in [
        ("/api/models/o/other", "o/other"),
        ("/api/models/api/x", "api/x"),
        ("/api/models/o/n/revision/dev", "dev"),
        (&format!("/api/models/o/n/manifest/{zeros}"), &zeros),
        ("/api/models/o/other/tree/main", "o/other"),
        ("/api/nonsense", "/api/nonsense"),
        ("/api", "/api"),
    ] {
        let answer = app.get(url).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url}");
        assert!(answer.json()["error"].as_str().unwrap().contains(named), "{}", answer.text());
        assert_eq!(answer.field("content-type"), "application/json");
    }
    assert_eq!(app.get("/api/models/%ff/x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn health_tells_how_the_index_is_doing() {
    let folder = folder();
    let app = App::of(&folder);
    let health = app.get("/healthz").await.json();
    assert_eq!(health["status"], "ok");
    assert_eq!((&health["models"], &health["hashed_files"]), (&json!(2), &json!(4)));
    assert_eq!((&health["pending"], &health["waiting_files"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn every_other_url_is_missing() {
    let folder = folder();
    let app = App::of(&folder);
    let answer = app.get("/robots.txt").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn models_are_found_by_name_and_listed_so_many_at_a_time() {
    let folder = folder();
    folder.put("o-x/Other-Model/c.bin", b"1");
    let app = App::of(&folder);
    let list = async |query: &str| {
        let answer = app.get(&format!("/api/models?{query}")).await;
        let models: Vec<ModelInfo> = serde_json::from_slice(&answer.body).unwrap();
        let ids: Vec<String> = models.iter().map(|model| model.id.to_string()).collect();
        (ids.join(" "), answer.field("link").to_owned())
    };
    for (query, expected) in [
        ("", "o/n o-x/Other-Model p/q"),
        ("full=True&sort=likes&filter=x", "o/n o-x/Other-Model p/q"),
        ("search=oTHER", "o-x/Other-Model"),
        ("search=other%20o-", "o-x/Other-Model"),
        ("search=nothing", ""),
        ("author=p", "p/q"),
        ("pipeline_tag=fill-mask", "o/n"),
        ("limit=3", "o/n o-x/Other-Model p/q"),
    ] {
        assert_eq!(list(query).await, (expected.to_owned(), String::new()), "{query}");
    }
    let (first, link) = list("limit=2&search=%2F").await;
    assert_eq!(first, "o/n o-x/Other-Model");
    let next = link.strip_prefix("</api/models?").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    assert_eq!(list(next).await, ("p/q".to_owned(), String::new()));
    let wrong = app.get("/api/models?limit=many").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("limit") && wrong.text().contains("many"), "{}", wrong.text());
}

#[tokio::test]
async fn what_hub_clients_ask_for_besides_is_answered_in_their_words() {
    let folder = folder();
    folder.put("o/resolve/sub/c.bin", b"1");
    let app = App::of(&folder);
    let refs = app.get("/api/models/o/n/refs").await.json();
    let main = json!({ "name": "main", "ref": "refs/heads/main", "targetCommit": app.revision("o/n") });
    assert_eq!(refs, json!({ "branches": [main], "tags": [], "converts": [] }));
    let raw = app.get("/o/n/raw/main/sub/b.bin").await;
    assert_eq!(app.get(raw.field("location")).await.body, b"1");
    let raw = app.get(&format!("/o/n/raw/{}/sub/b.bin", app.revision("o/n"))).await;
    assert_eq!(raw.body, b"1");
    for url in [
        "/api/models/gpt2",
        "/api/models/gpt2/revision/main",
        "/api/models/gpt2/tree/main",
        "/api/models/gpt2/tree/main/sub/x?recursive=true",
        "/gpt2/resolve/main/config.json",
        "/gpt2/resolve/main/sub/x",
        "/gpt2/resolve/resolve/x",
    ] {
        let missing = app.get(url).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{url}");
        assert_eq!(missing.field("x-error-code"), "RepoNotFound", "{url}");
        assert!(missing.field("x-error-message").contains("gpt2"), "{url}");
    }
    // A name that is a word of routes, too.
    for route in ["resolve", "raw"] {
        let moved = app.get(&format!("/o/resolve/{route}/main/sub/c.bin")).await;
        assert_eq!(moved.status, StatusCode::TEMPORARY_REDIRECT, "{route}: {}", moved.text());
        assert_eq!(app.get(moved.field("location")).await.body, b"1", "{route}");
    }
    let missing = app.get("/o/n/resolve/main/m%C3%B6%0A").await;
    assert_eq!(missing.field("x-error-code"), "EntryNotFound");
    assert!(
        missing.field("x-error-message").contains("\"m\\u{f6}\\n\""),
        "{}",
        missing.field("x-error-message")
    );
}

/// The worker answers these while the server cannot be reached: what it has to say is in the manifest.
#[tokio::test]
async fn a_manifest_is_enough_for_what_hub_clients_probe() {
    let folder = folder();
    folder.put("o/n/sub-folder/\"odd\" \\ ö.bin", b"1");
    let app = App::of(&folder);
    let revision = app.revision("o/n");
    let manifest = app.get(&format!("/api/models/o/n/manifest/{revision}")).await;
    let manifest: Manifest = serde_json::from_slice(&manifest.body).unwrap();
    let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();

    let mut info = app.get("/api/models/o/n").await.json();
    let said = info.as_object_mut().unwrap();
    for name in ["lastModified", "pipeline_tag", "library_name"] {
        assert!(said.remove(name).is_some(), "{name}");
    }
    said["cardData"] = json!({});
    assert_eq!(read(&hub::info(&manifest)), info);
    assert_eq!(read(&hub::refs(&manifest)), app.get("/api/models/o/n/refs").await.json());
    for (folder, query) in
        [("", ""), ("", "?recursive=true"), ("sub", ""), ("sub", "?recursive=1"), ("sub/deep", "")]
    {
        let url = format!("/api/models/o/n/tree/{revision}/{folder}");
        let url = url.trim_end_matches('/');
        let tree = hub::tree(&manifest, folder.parse().ok().as_ref(), !query.is_empty()).unwrap();
        assert_eq!(read(&tree), app.get(&format!("{url}{query}")).await.json(), "{folder} {query}");
    }
    for missing in ["su", "README.md", "sub/deep/a.bin", "none"] {
        assert_eq!(hub::tree(&manifest, missing.parse().ok().as_ref(), true), None, "{missing}");
    }
    assert_eq!(read(&hub::error("no \"a\\b\"")), json!({ "error": "no \"a\\b\"" }));
}

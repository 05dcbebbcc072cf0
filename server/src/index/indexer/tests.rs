//! Tests of the thread's work, step by step.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::sync::{RwLock, mpsc};
use std::time::{Duration, SystemTime};

use protocol::Revision;
use tempfile::TempDir;

use super::ledger::{CLOCK_STEP_NS, Unreadable};
use super::*;
use crate::index::{Counters, Snapshot};

/// An indexer whose looks and jobs are done step by step.
struct Bench {
    dir: TempDir,
    indexer: Indexer,
    inbox: Receiver<Event>,
    shared: Arc<Shared>,
}

impl Bench {
    /// Puts the files there, long ago, and looks for the first time.
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            put(&dir, path, text);
            age(&dir, path);
        }
        Self::open(dir)
    }

    fn open(dir: TempDir) -> Self {
        let shared = Arc::new(Shared {
            snapshot: RwLock::new(Arc::new(Snapshot::new(BTreeMap::new(), Vec::new(), Vec::new()).unwrap())),
            counters: Counters::default(),
        });
        let options =
            Options { root: dir.path().to_owned(), piece_size: 4, rescan: Duration::from_secs(3600) };
        let (events, inbox) = mpsc::channel();
        let mut indexer = Indexer::new(options, Arc::clone(&shared), events).unwrap();
        indexer.first_look().unwrap();
        Self { dir, indexer, inbox, shared }
    }

    /// Waits for all jobs that were given.
    fn hash(&mut self) {
        while !self.indexer.ledger.in_flight.is_empty() {
            match self.inbox.recv().unwrap() {
                Event::Hashed(outcome) => self.indexer.hashed(outcome),
                Event::LookAgain(_) | Event::Stop => {}
            }
        }
        self.indexer.work();
    }

    fn look(&mut self) {
        self.indexer.look();
        self.hash();
    }

    fn hashed(&self) -> u64 {
        self.shared.counters.hashed_files.load(Ordering::Relaxed)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.snapshot.read().unwrap())
    }

    fn revision(&self) -> Option<Revision> {
        let snapshot = self.snapshot();
        snapshot.models().values().next().map(|model| model.revision())
    }

    fn is_pending(&self) -> bool {
        !self.snapshot().report().pending.is_empty()
    }
}

fn put(dir: &TempDir, path: &str, text: &str) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn age(dir: &TempDir, path: &str) {
    let file = File::options().append(true).open(dir.path().join(path)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

#[test]
fn at_the_start_everything_is_hashed_at_once_and_once() {
    let mut bench = Bench::with(&[("o/n/a", "12345"), ("o/n/b", "")]);
    assert!(bench.is_pending());
    bench.hash();
    assert_eq!(bench.hashed(), 2);
    assert!(bench.revision().is_some() && !bench.is_pending());
    bench.look();
    bench.look();
    assert_eq!(bench.hashed(), 2);
}

#[test]
fn a_restart_hashes_what_changed_only() {
    let mut bench = Bench::with(&[("o/n/a", "12345"), ("o/n/b", "1")]);
    bench.hash();
    let (before, dir) = (bench.revision(), bench.dir);
    put(&dir, "o/m/new", "7");
    age(&dir, "o/m/new");
    let mut bench = Bench::open(dir);
    let known = bench.snapshot();
    assert_eq!(known.models().len(), 1, "what is known is there before anything is hashed");
    assert_eq!(known.models().values().next().map(|model| model.revision()), before);
    bench.hash();
    assert_eq!(bench.hashed(), 1);
    assert_eq!(bench.snapshot().models().len(), 2);
}

#[test]
fn a_new_file_is_hashed_when_two_looks_find_it_the_same() {
    let mut bench = Bench::with(&[("o/n/a", "1")]);
    bench.hash();
    let old = bench.revision();
    for text in ["2", "22", "222"] {
        put(&bench.dir, "o/n/b", text);
        bench.look();
        assert_eq!(bench.hashed(), 1, "it is being written");
        assert_eq!(bench.revision(), old);
        assert!(bench.is_pending());
    }
    bench.look();
    assert_eq!(bench.hashed(), 2);
    assert!(bench.revision() != old && !bench.is_pending());
}

#[test]
fn a_model_changes_to_its_new_revision_at_once() {
    let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/b", "1")]);
    bench.hash();
    let old = bench.revision();
    put(&bench.dir, "o/n/a", "2");
    age(&bench.dir, "o/n/a");
    bench.look();
    put(&bench.dir, "o/n/b", "22");
    bench.look();
    assert_eq!(bench.hashed(), 3, "a is hashed, b is not");
    assert_eq!(bench.revision(), old);
    bench.look();
    assert_eq!(bench.hashed(), 4);
    assert_ne!(bench.revision(), old);
}

#[test]
fn a_file_changed_just_before_it_was_hashed_is_hashed_once_more() {
    // However slow this test runs: a file of the future is young.
    let young = SystemTime::now() + Duration::from_secs(3600);
    let set = |dir: &TempDir, text| {
        put(dir, "o/n/a", text);
        let file = File::options().append(true).open(dir.path().join("o/n/a")).unwrap();
        file.set_modified(young).unwrap();
    };
    // The clock cannot be turned, so the record is.
    let turn = |bench: &mut Bench, by_ns: i64| {
        let record = bench.indexer.ledger.records.get_mut("o/n/a").unwrap();
        record.hashed_ns += by_ns;
    };
    let mut bench = Bench::with(&[]);
    set(&bench.dir, "1");
    bench.look();
    bench.look();
    assert_eq!(bench.hashed(), 1);
    turn(&mut bench, 3_600_000_000_000);
    bench.look();
    assert_eq!(bench.hashed(), 1, "too early: it could change again within the same step of the clock");
    let old = bench.revision();
    // This change leaves no trace in the fingerprint.
    set(&bench.dir, "2");
    turn(&mut bench, -3_600_000_000_000 - 2 * CLOCK_STEP_NS);
    bench.look();
    assert_eq!(bench.hashed(), 2);
    assert_ne!(bench.revision(), old);
    turn(&mut bench, -2 * CLOCK_STEP_NS);
    bench.look();
    assert_eq!(bench.hashed(), 2, "once is enough");
}

#[test]
fn a_removed_model_is_gone_and_forgotten() {
    let mut bench = Bench::with(&[("o/n/a", "1"), ("o/m/a", "1")]);
    bench.hash();
    fs::remove_dir_all(bench.dir.path().join("o/n")).unwrap();
    bench.look();
    let snapshot = bench.snapshot();
    let names: Vec<String> = snapshot.models().keys().map(ToString::to_string).collect();
    assert_eq!(names, ["o/m"]);
    assert_eq!(bench.indexer.ledger.records.keys().collect::<Vec<_>>(), ["o/m/a"]);
}

#[test]
fn touching_a_file_changes_no_revision() {
    let mut bench = Bench::with(&[("o/n/a", "1")]);
    bench.hash();
    let old = bench.revision();
    put(&bench.dir, "o/n/a", "1");
    bench.look();
    bench.look();
    assert_eq!((bench.hashed(), bench.revision()), (2, old));
}

#[test]
fn models_stay_while_their_folder_cannot_be_read() {
    let mut bench = Bench::with(&[("o/n/a", "1")]);
    bench.hash();
    let away = tempfile::tempdir().unwrap();
    let (here, there) = (bench.dir.path().to_owned(), away.path().join("models"));
    fs::rename(&here, &there).unwrap();
    bench.look();
    let report = Arc::clone(bench.snapshot().report());
    assert_eq!((report.models.len(), report.problems.len()), (1, 1));
    assert_eq!(report.problems[0].path, ".");
    fs::rename(&there, &here).unwrap();
    bench.look();
    assert!(bench.snapshot().report().problems.is_empty());
    assert_eq!(bench.hashed(), 1);
}

#[test]
fn a_model_keeps_its_revision_while_a_file_of_it_cannot_be_read() {
    let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/b", "1")]);
    bench.hash();
    let old = bench.revision();
    // As after a disk error, which no test can make.
    let fail = |bench: &mut Bench, key: &str| {
        let unreadable = Unreadable::new(key, bench.indexer.ledger.seen[key], &io::Error::other("no luck"));
        bench.indexer.ledger.unreadable.insert(key.to_owned(), unreadable);
        bench.indexer.unpublished = true;
        bench.indexer.work();
    };
    let problems = |bench: &Bench| {
        let problems = bench.snapshot().report().problems.clone();
        problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
    };
    fail(&mut bench, "o/n/b");
    assert_eq!((bench.revision(), problems(&bench)), (old, vec!["o/n/b".to_owned()]));
    // Nor does it get half of a new one.
    put(&bench.dir, "o/n/a", "2");
    bench.look();
    bench.look();
    assert_eq!((bench.hashed(), bench.revision(), bench.is_pending()), (3, old, false));
    fs::remove_file(bench.dir.path().join("o/n/b")).unwrap();
    bench.look();
    let new = bench.revision();
    assert!(new.is_some() && new != old, "removed is removed");
    assert_eq!(problems(&bench), [""; 0]);
    // What was never part of the model is not waited for.
    put(&bench.dir, "o/n/c", "1");
    bench.look();
    fail(&mut bench, "o/n/c");
    assert_eq!((bench.revision(), problems(&bench)), (new, vec!["o/n/c".to_owned()]));
    put(&bench.dir, "o/n/d", "1");
    bench.look();
    bench.look();
    assert_ne!(bench.revision(), new);
}

#[test]
fn a_model_keeps_its_revision_while_a_folder_of_it_cannot_be_read() {
    for folder in ["o", "o/n", "o/n/sub", "o/n/sub/deep"] {
        let mut bench = Bench::with(&[("o/n/a", "1"), ("o/n/sub/deep/b", "1")]);
        bench.hash();
        let old = bench.revision();
        let (here, away) = (bench.dir.path().join(folder), bench.dir.path().join(".away"));
        fs::rename(&here, &away).unwrap();
        // Permissions mean nothing to root, but nobody can follow a link to itself.
        symlink(&here, &here).unwrap();
        bench.look();
        bench.look();
        assert_eq!(bench.revision(), old, "{folder}");
        let problems = bench.snapshot().report().problems.clone();
        assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), [folder]);
        fs::remove_file(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        bench.look();
        assert!(bench.snapshot().report().problems.is_empty());
        assert_eq!((bench.revision(), bench.hashed()), (old, 2), "nothing was forgotten: {folder}");
        fs::remove_dir_all(&here).unwrap();
        bench.look();
        assert_ne!(bench.revision(), old, "removed is removed: {folder}");
    }
}

#[test]
fn one_piece_in_several_files_has_several_places() {
    let mut bench = Bench::with(&[("o/n/a", "12345678"), ("o/n/b", "56789"), ("o/m/c", "5678")]);
    bench.hash();
    let snapshot = bench.snapshot();
    let pieces: HashSet<_> = snapshot.models().values().flat_map(|model| model.manifest.pieces()).collect();
    let mut places: Vec<Vec<u64>> = pieces
        .iter()
        .map(|piece| snapshot.piece(&piece.digest).iter().map(|at| at.offset).collect())
        .collect();
    places.sort();
    assert_eq!(places, [vec![0], vec![0, 4, 0], vec![4]]);
}

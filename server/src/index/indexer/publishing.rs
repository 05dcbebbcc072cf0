//! Builds the snapshot that requests read from the state of all files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::ModelId;

use super::ledger::{Ledger, State};
use crate::index::finding::{self, Finding};
use crate::index::medium::Medium;
use crate::index::model::{Model, StoredFile};
use crate::index::snapshot::Snapshot;
use crate::index::walk::{Found, Scan};

/// What was published last.
#[derive(Default)]
pub(super) struct Published {
    models: BTreeMap<ModelId, Arc<Model>>,
    pending: Vec<ModelId>,
    problems: BTreeSet<Finding>,
}

impl Published {
    /// Whether a model waits for files to be hashed.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// A snapshot of what is known, if it differs from the last one.
    pub(super) fn renew(&mut self, scan: &Scan, ledger: &Ledger, piece_size: u64) -> Option<Snapshot> {
        // What cannot be read was not removed: a revision without it would make devices drop the complete one.
        let withheld = self.models.iter().filter(|(_, model)| ledger.is_withheld(model, scan));
        let mut models: BTreeMap<_, _> = withheld.map(|(id, old)| (id.clone(), Arc::clone(old))).collect();
        let mut pending = Vec::new();
        let mut problems = scan.problems.clone();
        for (id, files) in &scan.models {
            let old = self.models.get(id);
            let Some(files) = stored(files, ledger, &mut problems) else {
                // Until every file is hashed, the revision before stays, as far as its files are still there.
                models.extend(old.map(|old| (id.clone(), Arc::clone(old))));
                pending.push(id.clone());
                continue;
            };
            if models.contains_key(id) {
                continue;
            }
            if let Some(old) = old.filter(|old| old.files.iter().map(AsRef::as_ref).eq(&files)) {
                models.insert(id.clone(), Arc::clone(old));
            } else if !files.is_empty() {
                let files = files.into_iter().map(Arc::new).collect();
                match Model::new(id, files, piece_size) {
                    Ok(model) => {
                        models.insert(id.clone(), Arc::new(model));
                    }
                    Err(error) => {
                        problems.insert(Finding::new(&id.to_string(), error.to_string()));
                    }
                }
            }
        }
        let same = |(a, b): (&Arc<Model>, &Arc<Model>)| Arc::ptr_eq(a, b);
        let models_unchanged =
            models.len() == self.models.len() && models.values().zip(self.models.values()).all(same);
        if models_unchanged && pending == self.pending && problems == self.problems {
            return None;
        }
        match Snapshot::new(models.clone(), pending.clone(), finding::problems(&problems)) {
            Ok(snapshot) => {
                self.say_differences(&models, &problems);
                *self = Self { models, pending, problems };
                Some(snapshot)
            }
            Err(error) => {
                tracing::error!("the models cannot be described, the old state stays: {error}");
                None
            }
        }
    }

    fn say_differences(&self, models: &BTreeMap<ModelId, Arc<Model>>, problems: &BTreeSet<Finding>) {
        for (id, model) in models {
            let revision = model.revision();
            if self.models.get(id).is_none_or(|old| old.revision() != revision) {
                tracing::info!(
                    "model {id:?} is ready: revision {revision}, {}, {} bytes",
                    messages::count(model.files.len(), "file", "files"),
                    model.info.used_storage,
                    id = id.to_string(),
                );
            }
        }
        for id in self.models.keys().filter(|id| !models.contains_key(id)) {
            tracing::info!("model {:?} is gone", id.to_string());
        }
        for problem in problems.difference(&self.problems) {
            tracing::warn!("{problem}");
        }
    }
}

/// The files of a model as they can be served; `None` while one is missing. Unreadable ones become problems.
fn stored(files: &[Found], ledger: &Ledger, problems: &mut BTreeSet<Finding>) -> Option<Vec<StoredFile>> {
    let mut stored = Vec::with_capacity(files.len());
    for found in files {
        match ledger.state(found) {
            State::Known(record) => stored.push(StoredFile {
                path: found.path.clone(),
                location: found.location.clone(),
                fingerprint: found.fingerprint,
                hashed_ns: record.hashed_ns,
                sha256: record.sha256,
                pieces: record.pieces.clone(),
                medium: Medium::default(),
            }),
            State::Unreadable(finding) => {
                problems.insert(finding.clone());
            }
            State::Waiting => return None,
        }
    }
    Some(stored)
}

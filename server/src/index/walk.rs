//! Walks the models folder: which files belong to which model, and what cannot be served and why. It reads
//! names and `stat` only, and never opens a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use protocol::{FilePath, ModelId, NameError};

use super::finding::Finding;
use super::fingerprint::Fingerprint;

/// Folders nested deeper than this inside a model are reported instead of followed.
const DEEPEST: usize = 64;

/// One file that can be served, once it is hashed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    /// `<owner>/<name>/<path>`: the file's name in the whole index.
    pub key: String,
    /// The path inside the model.
    pub path: FilePath,
    /// Where the bytes are, every symbolic link resolved.
    pub location: PathBuf,
    /// What the file looks like.
    pub fingerprint: Fingerprint,
}

/// What one walk saw.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Scan {
    /// Every model's files, sorted by path. A model with problems only has an empty list.
    pub models: BTreeMap<ModelId, Vec<Found>>,
    /// What cannot be served.
    pub problems: BTreeSet<Finding>,
    /// Paths that could not be read, relative to the models folder; the folder itself is the empty path.
    /// Files that were there before may still be there.
    pub unreadable: BTreeSet<String>,
}

impl Scan {
    /// Whether a file of this key would not have been seen, since it or a folder above it is unreadable.
    pub(crate) fn hides(&self, key: &str) -> bool {
        let folders = key.match_indices('/').map(|(end, _)| &key[..end]);
        [key, ""].into_iter().chain(folders).any(|place| self.unreadable.contains(place))
    }
}

/// Walks the folder `root`.
///
/// # Errors
/// When `root` itself cannot be read. Anything below it becomes a [`Finding`].
pub(crate) fn walk(root: &Path) -> io::Result<Scan> {
    let root = fs::canonicalize(root)?;
    let owners = fs::read_dir(&root)?;
    let mut walker = Walker { trail: vec![root.clone()], root, scan: Scan::default() };
    let owners = walker.children(owners, "");
    if owners.iter().any(Child::is_of_a_model) {
        walker.root_is_a_model();
    }
    for owner in owners {
        walker.owner(owner);
    }
    Ok(walker.scan)
}

struct Walker {
    /// The models folder, every symbolic link resolved.
    root: PathBuf,
    /// The resolved folders from the root to where the walk is: meeting one again means a loop.
    trail: Vec<PathBuf>,
    scan: Scan,
}

/// A folder's entry that can be used.
struct Child {
    name: String,
    /// The path relative to the models folder, as it is reported.
    shown: String,
    kind: EntryKind,
}

enum EntryKind {
    Folder(PathBuf),
    File(PathBuf, Fingerprint),
}

impl Child {
    /// Whether it is a file that models have.
    fn is_of_a_model(&self) -> bool {
        let is_weights = |extension| extension == "safetensors" || extension == "gguf";
        matches!(self.kind, EntryKind::File(..))
            && (self.name == "config.json" || Path::new(&self.name).extension().is_some_and(is_weights))
    }
}

/// Why an entry cannot be used.
enum Refused {
    /// What it is could not be found out.
    Unreadable { what: &'static str, error: io::Error },
    /// It is nothing that is served.
    Unfit(&'static str),
}

impl Walker {
    fn problem(&mut self, path: &str, reason: impl Into<String>) {
        self.scan.problems.insert(Finding::new(path, reason));
    }

    /// The models folder has the files of a model, which are expected two folders below. The log says which folder may have
    /// been meant.
    fn root_is_a_model(&mut self) {
        let model = self.root.parent().and_then(Path::parent).and_then(|above| {
            let id = self.root.strip_prefix(above).ok()?.to_str()?.parse::<ModelId>().ok()?;
            Some(format!("if it is the model {id}, start with --models {}", above.display()))
        });
        let reason =
            "this is the folder of one model: models are expected in <owner>/<name>/ below the models folder";
        self.scan.problems.insert(Finding::explained(".", reason, model));
    }

    /// Reports an entry that the system refuses to show. An entry that does not exist is not expected to come back.
    fn unreadable(&mut self, path: &str, what: &str, error: &io::Error) {
        self.scan.problems.insert(Finding::refused(path, what, error));
        if error.kind() != ErrorKind::NotFound {
            self.scan.unreadable.insert(path.to_owned());
        }
    }

    fn owner(&mut self, owner: Child) {
        let EntryKind::Folder(folder) = owner.kind else {
            return self.stray(&owner.name, &owner.shown);
        };
        // Any name serves to check the owner's.
        if let Err(error) = ModelId::new(&owner.name, "name") {
            return self.problem(&owner.shown, sentence(&error));
        }
        let models = self.enter(&folder, &owner.shown);
        if models.is_empty() && !self.has_problem_below(&owner.shown) {
            self.problem(&owner.shown, "this folder holds no model");
        }
        for model in models {
            self.model(&owner.name, model);
        }
        self.trail.pop();
    }

    fn model(&mut self, owner: &str, model: Child) {
        let EntryKind::Folder(folder) = model.kind else {
            return self.stray(&model.name, &model.shown);
        };
        let id = match ModelId::new(owner, &model.name) {
            Ok(id) => id,
            Err(error) => return self.problem(&model.shown, sentence(&error)),
        };
        let mut files = Vec::new();
        self.files(&folder, &model.shown, "", &mut files);
        if files.is_empty() && !self.has_problem_below(&model.shown) {
            self.problem(&model.shown, "this folder holds no files");
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        self.scan.models.insert(id, files);
    }

    /// Collects the files of `folder` and below. `prefix` is the path inside the model, empty or ending in `/`.
    fn files(&mut self, folder: &Path, shown: &str, prefix: &str, files: &mut Vec<Found>) {
        if self.trail.len() > DEEPEST {
            return self.problem(shown, "this folder is nested too deeply");
        }
        for child in self.enter(folder, shown) {
            let path = format!("{prefix}{}", child.name);
            match child.kind {
                EntryKind::Folder(folder) => self.files(&folder, &child.shown, &format!("{path}/"), files),
                EntryKind::File(location, fingerprint) => match path.parse() {
                    Ok(path) => files.push(Found { key: child.shown, path, location, fingerprint }),
                    Err(error) => self.problem(&child.shown, sentence(&error)),
                },
            }
        }
        self.trail.pop();
    }

    /// A file where only folders are expected. Dot-files there belong to tools and file managers, and are no
    /// one's model: no need to talk about them.
    fn stray(&mut self, name: &str, shown: &str) {
        if !name.starts_with('.') {
            self.problem(shown, "this file belongs to no model: files are expected in <owner>/<name>/");
        }
    }

    fn has_problem_below(&self, shown: &str) -> bool {
        let below = format!("{shown}/");
        self.scan
            .problems
            .iter()
            .map(|found| &found.problem.path)
            .any(|path| path == shown || path.starts_with(&below))
    }

    /// Lists a folder and puts it on the trail; the caller takes it off again.
    fn enter(&mut self, folder: &Path, shown: &str) -> Vec<Child> {
        self.trail.push(folder.to_owned());
        match fs::read_dir(folder) {
            Ok(entries) => self.children(entries, shown),
            Err(error) => {
                // A folder that vanished during the walk is simply not there any more.
                if error.kind() != ErrorKind::NotFound {
                    self.unreadable(shown, "this folder cannot be read", &error);
                }
                Vec::new()
            }
        }
    }

    /// The usable entries, sorted by name.
    fn children(&mut self, entries: fs::ReadDir, shown: &str) -> Vec<Child> {
        let mut children = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => children.extend(self.child(&entry, shown)),
                Err(error) => self.unreadable(shown, "this folder cannot be read", &error),
            }
        }
        children.sort_by(|a, b| a.name.cmp(&b.name));
        children
    }

    fn child(&mut self, entry: &DirEntry, parent: &str) -> Option<Child> {
        let name = entry.file_name();
        let lossy = name.to_string_lossy();
        let shown = if parent.is_empty() { lossy.to_string() } else { format!("{parent}/{lossy}") };
        let kind = match self.kind(entry) {
            Ok(Some(kind)) => kind,
            Ok(None) => return None,
            Err(Refused::Unreadable { what, error }) => {
                self.unreadable(&shown, what, &error);
                return None;
            }
            Err(Refused::Unfit(reason)) => {
                self.problem(&shown, reason);
                return None;
            }
        };
        // `.git`, `.cache` and our own `.modelferry` are not part of a model.
        if matches!(kind, EntryKind::Folder(_)) && lossy.starts_with('.') {
            return None;
        }
        match name.into_string() {
            Ok(name) => Some(Child { name, shown, kind }),
            Err(_) => {
                self.problem(&shown, "the name is not valid UTF-8");
                None
            }
        }
    }

    /// What an entry is, symbolic links followed; `None` if it vanished meanwhile.
    fn kind(&self, entry: &DirEntry) -> Result<Option<EntryKind>, Refused> {
        let unreadable = |error| Refused::Unreadable { what: "this entry cannot be read", error };
        let path = entry.path();
        let is_link = match entry.file_type() {
            Ok(file_type) => file_type.is_symlink(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let target = if is_link { self.follow(&path)? } else { path };
        let metadata = match fs::metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if metadata.is_dir() {
            if self.trail.contains(&target) {
                return Err(Refused::Unfit("this leads back to a folder it is in"));
            }
            return Ok(Some(EntryKind::Folder(target)));
        }
        if metadata.is_file() {
            return Ok(Some(EntryKind::File(target, Fingerprint::of(&metadata))));
        }
        Err(Refused::Unfit("this is neither a file nor a folder"))
    }

    fn follow(&self, link: &Path) -> Result<PathBuf, Refused> {
        let unreadable = |error| Refused::Unreadable { what: "this symbolic link leads nowhere", error };
        let target = fs::canonicalize(link).map_err(unreadable)?;
        if !target.starts_with(&self.root) {
            return Err(Refused::Unfit("this symbolic link leaves the models folder"));
        }
        Ok(target)
    }
}

fn sentence(error: &NameError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn put(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    fn keys(scan: &Scan) -> Vec<&str> {
        let files = scan.models.values().flatten();
        files.map(|found| found.key.as_str()).collect()
    }

    fn problems(scan: &Scan) -> Vec<(&str, &str)> {
        let problems = scan.problems.iter();
        problems.map(|found| (found.problem.path.as_str(), found.problem.reason.as_str())).collect()
    }

    #[test]
    fn files_are_sorted_and_dot_folders_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "o/n/b",
            "o/n/a/2",
            "o/n/.gitattributes",
            "o/n/.git/HEAD",
            "o/n/a/.cache/x",
            ".modelferry/index.json",
            ".DS_Store",
            "o/.DS_Store",
        ] {
            put(dir.path(), path);
        }
        let scan = walk(dir.path()).unwrap();
        assert_eq!(keys(&scan), ["o/n/.gitattributes", "o/n/a/2", "o/n/b"]);
        assert_eq!(problems(&scan), []);
    }

    #[test]
    fn links_inside_work_and_others_are_reported() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = dir.path();
        put(outside.path(), "secret");
        put(root, "o/n/blob");
        put(root, "o/m/sub/file");
        put(root, "o/k/sub/file");
        symlink("blob", root.join("o/n/inside")).unwrap();
        symlink("../k/sub", root.join("o/n/folder")).unwrap();
        symlink("n", root.join("o/alias")).unwrap();
        symlink(outside.path().join("secret"), root.join("o/n/leaves")).unwrap();
        symlink(outside.path(), root.join("o/gone")).unwrap();
        symlink("nowhere", root.join("o/n/dangling")).unwrap();
        symlink("self", root.join("o/n/self")).unwrap();
        symlink("..", root.join("o/m/sub/up")).unwrap();
        let scan = walk(root).unwrap();
        assert_eq!(
            keys(&scan),
            [
                "o/alias/blob",
                "o/alias/folder/file",
                "o/alias/inside",
                "o/k/sub/file",
                "o/m/sub/file",
                "o/n/blob",
                "o/n/folder/file",
                "o/n/inside",
            ]
        );
        let text = format!("{:?}", problems(&scan));
        for path in [
            "(\"o/n/leaves\", \"this symbolic link leaves the models folder\")",
            "(\"o/gone\", \"this symbolic link leaves the models folder\")",
            "(\"o/n/dangling\", \"this symbolic link leads nowhere\")",
            "(\"o/n/self\", \"this symbolic link leads nowhere\")",
            "(\"o/m/sub/up\", \"this leads back to a folder it is in\")",
        ] {
            assert!(text.contains(path), "{path} in {text}");
        }
        let log = scan.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(log.contains("\"o/n/dangling\": this symbolic link leads nowhere: No such file"), "{log}");
    }

    #[test]
    fn links_that_point_at_each_other_end() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        put(root, "o/n/a/file");
        put(root, "o/n/b/file");
        symlink("../b", root.join("o/n/a/to-b")).unwrap();
        symlink("../a", root.join("o/n/b/to-a")).unwrap();
        let scan = walk(root).unwrap();
        assert_eq!(keys(&scan), ["o/n/a/file", "o/n/a/to-b/file", "o/n/b/file", "o/n/b/to-a/file"]);
        assert_eq!(scan.problems.len(), 2);
    }

    #[test]
    fn everything_that_cannot_be_served_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        put(root, "api/n/file");
        put(root, "stray");
        put(root, "o/stray");
        put(root, "o/n/control\u{1}name");
        put(root, "o/n/good name%#?+ö");
        fs::create_dir_all(root.join("o/empty/sub")).unwrap();
        fs::create_dir_all(root.join("lonely")).unwrap();
        fs::write(root.join("o/n").join(OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
        let _socket = UnixListener::bind(root.join("o/n/socket")).unwrap();
        let scan = walk(root).unwrap();
        assert_eq!(keys(&scan), ["o/n/good name%#?+ö"]);
        let stray = "this file belongs to no model: files are expected in <owner>/<name>/";
        assert_eq!(
            problems(&scan),
            [
                ("api", "the owner name \"api\" is reserved: the server uses the path /api itself"),
                ("lonely", "this folder holds no model"),
                ("o/empty", "this folder holds no files"),
                ("o/n/control\u{1}name", "a name must not contain the character '\\u{1}'"),
                ("o/n/latin-\u{fffd}", "the name is not valid UTF-8"),
                ("o/n/socket", "this is neither a file nor a folder"),
                ("o/stray", stray),
                ("stray", stray),
            ]
        );
    }

    #[test]
    fn a_models_own_folder_is_recognised_and_the_one_above_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["config.json", "w.safetensors", "w.gguf"] {
            put(dir.path(), &format!("team/{file}/{file}"));
            let scan = walk(&dir.path().join("team").join(file)).unwrap();
            let log: Vec<_> = scan.problems.iter().map(ToString::to_string).collect();
            let above = fs::canonicalize(dir.path()).unwrap();
            let expected = format!(
                "\".\": this is the folder of one model: models are expected in <owner>/<name>/ below the models folder: \
                 if it is the model team/{file}, start with --models {}",
                above.display()
            );
            assert_eq!(log.len(), 2, "the file itself is reported as well: {log:?}");
            assert_eq!(log[0], expected);
            assert!(
                !problems(&scan)[0].1.contains("--models"),
                "not everybody may know the server's folders"
            );
        }
        put(dir.path(), "notes.txt");
        assert!(walk(dir.path()).unwrap().problems.iter().all(|found| found.problem.path != "."));
    }

    #[test]
    fn what_could_not_be_looked_at_hides_all_below_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        put(root, "o/n/file");
        // The system refuses to follow these for every user.
        symlink("loop", root.join("o/n/loop")).unwrap();
        symlink("p", root.join("p")).unwrap();
        symlink("nowhere", root.join("o/n/dangling")).unwrap();
        let _socket = UnixListener::bind(root.join("o/n/socket")).unwrap();
        let scan = walk(root).unwrap();
        assert_eq!(scan.problems.len(), 4);
        let hidden = ["o/n/loop", "o/n/loop/sub/file", "p/n/file"];
        let seen = ["o/n/loop2", "o/n/file", "o/n/dangling", "o/n/socket", "o/m/file", "pp/n/file"];
        assert!(hidden.iter().all(|key| scan.hides(key)));
        assert!(!seen.iter().any(|key| scan.hides(key)));
        let nothing = Scan { unreadable: BTreeSet::from([String::new()]), ..Scan::default() };
        assert!(nothing.hides("o/n/file"), "the models folder's own listing broke off");
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(walk(Path::new("/nonexistent/models")).is_err());
    }
}

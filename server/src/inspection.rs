//! Inspects the headers of a model's files when its page is first requested, and keeps the result for as long as the files stay
//! the same. Nothing is inspected at the start of the server.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use model_headers::{Inspection, ListedFile};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::index::{Index, Model, Stale, StoredFile};

/// Inspections at the same time: each may need some memory for a while, and many pages may be opened at once.
const AT_ONCE: usize = 2;

static INSPECTIONS: Semaphore = Semaphore::const_new(AT_ONCE);

/// How long a page waits for an inspection. A disk may never answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the headers tell of a model. `None` if reading them takes too long: the page is shown without, and a later one may have it.
pub(crate) async fn of(model: Arc<Model>, index: Index) -> Option<Arc<Inspection>> {
    if let Some(known) = model.inspection.get() {
        return Some(Arc::clone(known));
    }
    timeout(PATIENCE, inspected(model, index)).await.ok().flatten()
}

async fn inspected(model: Arc<Model>, index: Index) -> Option<Arc<Inspection>> {
    // Fails only for a closed semaphore, and this one is never closed.
    let permit = INSPECTIONS.acquire().await.ok()?;
    // Another page may have inspected it meanwhile.
    if let Some(known) = model.inspection.get() {
        return Some(Arc::clone(known));
    }
    let inspecting = spawn_blocking(move || {
        // Held until the disk has answered, even if the page no longer waits.
        let _permit = permit;
        let inspection = Arc::new(look(&model, &index));
        // What could not be read now is looked at again for the next page.
        if inspection.is_final() {
            Arc::clone(model.inspection.get_or_init(|| inspection))
        } else {
            inspection
        }
    });
    inspecting.await.ok()
}

/// Reads the headers. Blocks.
fn look(model: &Model, index: &Index) -> Inspection {
    let files: Vec<ListedFile<'_>> = model
        .files
        .iter()
        .map(|file| ListedFile { path: file.path.as_str(), size: file.fingerprint.size })
        .collect();
    Inspection::of(&files, |path| {
        let stored = model.file(path).ok_or(io::ErrorKind::NotFound)?;
        Header::open(stored).inspect_err(|_| index.look_again(stored))
    })
}

/// The beginning of a file that has to be the indexed one.
struct Header<'a> {
    file: File,
    stored: &'a StoredFile,
}

impl<'a> Header<'a> {
    fn open(stored: &'a StoredFile) -> io::Result<Self> {
        Ok(Self { file: stored.open().map_err(changed)?, stored })
    }
}

impl Read for Header<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer).map_err(|error| match error.kind() {
            // Tried again by the reader.
            io::ErrorKind::Interrupted => error,
            // The page tells it to everybody.
            _ => {
                tracing::warn!("{:?} cannot be read: {error}", self.stored.location);
                unreadable()
            }
        })?;
        self.stored.check(&self.file).map_err(changed)?;
        Ok(read)
    }
}

fn changed(Stale: Stale) -> io::Error {
    unreadable()
}

fn unreadable() -> io::Error {
    io::Error::other("the file has changed, or cannot be reached, just now")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    use protocol::{Digest, ModelId};

    use super::*;
    use crate::index::Fingerprint;

    /// A file that has nothing but a header, and is said to be `size` bytes long.
    fn sparse(folder: &Path, name: &str, header: &[u8], size: u64) -> Arc<StoredFile> {
        let location = folder.join(name);
        let mut file = File::create(&location).unwrap();
        file.write_all(header).unwrap();
        file.set_len(size).unwrap();
        let digest = Digest::from_bytes([name.len() as u8; 32]);
        Arc::new(StoredFile {
            path: name.parse().unwrap(),
            fingerprint: Fingerprint::of(&file.metadata().unwrap()),
            location,
            hashed_ns: 0,
            sha256: digest,
            pieces: vec![digest],
            medium: crate::index::Medium::default(),
        })
    }

    /// Bytes that this thread has read, by the kernel's count.
    fn bytes_read() -> u64 {
        let counts = fs::read_to_string("/proc/thread-self/io").unwrap();
        counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    }

    fn index(models: &Path, piece_size: u64) -> Index {
        let rescan = Duration::from_secs(3600);
        Index::open(crate::index::Options { root: models.to_owned(), piece_size, rescan }).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_does_not_wait_for_ever_while_disks_do_not_answer() {
        let (folder, models) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let index = index(models.path(), 4096);
        let id = ModelId::new("o", "n").unwrap();
        let files = vec![sparse(folder.path(), "w.gguf", b"", 1)];
        let model = Arc::new(Model::new(&id, files, 4096).unwrap());
        let hung = INSPECTIONS.acquire_many(AT_ONCE as u32).await.unwrap();
        assert!(of(Arc::clone(&model), index.clone()).await.is_none());
        drop(hung);
        // No clock runs while one is looked at.
        tokio::time::resume();
        assert!(of(Arc::clone(&model), index.clone()).await.is_some());
        let _hung = INSPECTIONS.acquire_many(AT_ONCE as u32).await.unwrap();
        assert!(of(model, index).await.is_some(), "it is known");
    }

    #[test]
    fn a_read_error_is_told_without_the_system_s_words() {
        let folder = tempfile::tempdir().unwrap();
        let stored = sparse(folder.path(), "w.gguf", b"", 1);
        // The system reads no folder.
        let mut header = Header { file: File::open(folder.path()).unwrap(), stored: &stored };
        let told = header.read(&mut [0]).unwrap_err().to_string();
        assert_eq!(told, unreadable().to_string());
    }

    #[test]
    fn only_the_headers_of_large_files_are_read() {
        const SIZE: u64 = 4 << 30;
        let folder = tempfile::tempdir().unwrap();
        let models = tempfile::tempdir().unwrap();
        let numbers = SIZE / 4;
        let mut json =
            format!("{{\"w\":{{\"dtype\":\"F32\",\"shape\":[{numbers}],\"data_offsets\":[0,{SIZE}]}}}}");
        json += &" ".repeat(json.len().next_multiple_of(8) - json.len());
        let safetensors = [&(json.len() as u64).to_le_bytes(), json.as_bytes()].concat();
        let mut gguf =
            [b"GGUF".as_slice(), &3_u32.to_le_bytes(), &1_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
        gguf.extend(
            [&1_u64.to_le_bytes(), b"w".as_slice(), &1_u32.to_le_bytes(), &numbers.to_le_bytes()].concat(),
        );
        gguf.extend([0; 12]);
        let files = vec![
            sparse(folder.path(), "w.gguf", &gguf, SIZE + gguf.len().next_multiple_of(32) as u64),
            sparse(folder.path(), "w.safetensors", &safetensors, SIZE + safetensors.len() as u64),
        ];
        let id = ModelId::new("o", "n").unwrap();
        let model = Model::new(&id, files, 2 * SIZE).unwrap();
        let index = index(models.path(), SIZE);
        let before = bytes_read();
        let inspection = look(&model, &index);
        let read = bytes_read() - before;
        assert!(inspection.is_final());
        for weights in &inspection.weights {
            assert_eq!(weights.content.as_ref().unwrap().1.parameters(), numbers, "{}", weights.name);
        }
        assert_eq!(inspection.weights.len(), 2);
        assert!(read < 64 << 10, "{read} bytes were read of 8 GiB");
        // A file that changed is not believed, and is looked at again.
        fs::write(folder.path().join("w.gguf"), "other").unwrap();
        assert!(!look(&model, &index).is_final());
    }
}

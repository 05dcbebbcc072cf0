//! What a model is: found out when its page is first asked for, from the headers of its files, and kept as long as these stay
//! the same. So the server starts as fast as without.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use model_headers::{Anatomy, ListedFile};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::index::{Index, Model, Stale, StoredFile};

/// Looks at the same time: each may need some memory for a while, and many pages may be opened at once.
static LOOKS: Semaphore = Semaphore::const_new(2);

/// What is known of the model. Nothing if looking failed, which nothing makes it do.
pub(crate) async fn of(model: Arc<Model>, index: Index) -> Option<Arc<Anatomy>> {
    let looking = model.anatomy.get_or_try_init(|| async {
        // Never closed, so there is always a turn; without one, a page has to do without.
        let _turn = LOOKS.acquire().await.or(Err(None))?;
        let model = Arc::clone(&model);
        let looked = spawn_blocking(move || look(&model, &index)).await;
        let anatomy = Arc::new(looked.or(Err(None))?);
        // What could not be read now is looked at again for the next page.
        if anatomy.is_final() { Ok(anatomy) } else { Err(Some(anatomy)) }
    });
    match looking.await {
        Ok(anatomy) => Some(Arc::clone(anatomy)),
        Err(anatomy) => anatomy,
    }
}

/// Reads the headers. Blocks.
fn look(model: &Model, index: &Index) -> Anatomy {
    let files: Vec<ListedFile<'_>> = model
        .files
        .iter()
        .map(|file| ListedFile { path: file.path.as_str(), size: file.fingerprint.size })
        .collect();
    Anatomy::of(&files, |path| {
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
        let read = self.file.read(buffer)?;
        self.stored.check(&self.file).map_err(changed)?;
        Ok(read)
    }
}

fn changed(Stale: Stale) -> io::Error {
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
        let options = crate::index::Options {
            root: models.path().to_owned(),
            piece_size: SIZE,
            rescan: std::time::Duration::from_secs(3600),
        };
        let index = Index::open(options).unwrap();
        let before = bytes_read();
        let anatomy = look(&model, &index);
        let read = bytes_read() - before;
        assert!(anatomy.is_final());
        for weights in &anatomy.weights {
            assert_eq!(weights.content.as_ref().unwrap().1.parameters(), numbers, "{}", weights.name);
        }
        assert_eq!(anatomy.weights.len(), 2);
        assert!(read < 64 << 10, "{read} bytes were read of 8 GiB");
        // A file that changed is not believed, and is looked at again.
        fs::write(folder.path().join("w.gguf"), "other").unwrap();
        assert!(!look(&model, &index).is_final());
    }
}

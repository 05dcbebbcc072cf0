//! Loads a model from the piece store into memory. The weights pass through in small chunks, so memory has
//! one copy of them and the reader's buffer.

use embedding::{Assembly, Config, Embedder, Vocabulary, pooling_file};
use inference_protocol::{FromInference, LoadFailure};
use js_sys::ArrayBuffer;
use piece_store::{ByteReader, StoreError, WorkerStore};
use protocol::{File, Manifest, ModelId, Revision};
use wasm_bindgen::{JsCast as _, JsValue};

/// The reader's buffer, in bytes.
const BUFFER: u32 = 1 << 20;

/// The page is told each time that so many bytes have come.
const TELL_EVERY: u64 = 4 << 20;

fn storage(error: &StoreError) -> LoadFailure {
    LoadFailure::Storage(error.message.clone())
}

/// What the browser throws while the store is read.
struct JsFailure(JsValue);

impl From<JsFailure> for LoadFailure {
    fn from(JsFailure(error): JsFailure) -> Self {
        Self::Storage(words(&error))
    }
}

/// A browser's own words.
fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => error.as_string().unwrap_or_default(),
    }
}

/// Loads, and tells how far it has come.
pub(crate) async fn load(
    model: &ModelId,
    revision: Revision,
    tell: impl Fn(&FromInference),
) -> Result<Embedder, LoadFailure> {
    let store = WorkerStore::open().await.map_err(|error| storage(&error))?;
    let stored = store.stored(model, revision).await.map_err(|error| storage(&error))?;
    let stored = stored.filter(piece_store::StoredModel::is_ready).ok_or(LoadFailure::NotReady)?;
    let files = Files { store: &store, manifest: &stored.manifest };

    let config = files.config().await?;
    let tokenizer = files.find("tokenizer.json")?;
    let weights = files.find("model.safetensors")?;
    let total = tokenizer.size + weights.size;
    tell(&FromInference::Loading { loaded: 0, total });
    let vocabulary = Vocabulary::read(&config, &files.whole(tokenizer).await?)?;
    let (mut loaded, mut told) = (tokenizer.size, 0);
    let mut assembly = Assembly::new(config);
    files
        .read(weights, |bytes| {
            assembly.push(bytes)?;
            loaded += bytes.len() as u64;
            if loaded - told >= TELL_EVERY || loaded == total {
                told = loaded;
                tell(&FromInference::Loading { loaded, total });
            }
            Ok(())
        })
        .await?;
    Embedder::new(vocabulary, assembly)
}

/// The files of one stored revision.
struct Files<'a> {
    store: &'a WorkerStore,
    manifest: &'a Manifest,
}

impl Files<'_> {
    async fn config(&self) -> Result<Config, LoadFailure> {
        let config = self.whole(self.find("config.json")?).await?;
        let pooling = match self.optional("modules.json").await? {
            Some(modules) => pooling_file(&modules)?,
            None => None,
        };
        let pooling = match pooling {
            Some(path) => Some((self.whole(self.find(&path)?).await?, path)),
            None => None,
        };
        let limits = self.optional("sentence_bert_config.json").await?;
        let pooling = pooling.as_ref().map(|(bytes, path)| (path.as_str(), bytes.as_slice()));
        Config::read(&config, pooling, limits.as_deref())
    }

    fn find(&self, path: &str) -> Result<&File, LoadFailure> {
        let mut files = self.manifest.files().iter();
        files.find(|file| file.path.as_str() == path).ok_or_else(|| LoadFailure::Missing(path.to_owned()))
    }

    async fn optional(&self, path: &str) -> Result<Option<Vec<u8>>, LoadFailure> {
        match self.find(path) {
            Ok(file) => self.whole(file).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// For files that fit into memory twice.
    async fn whole(&self, file: &File) -> Result<Vec<u8>, LoadFailure> {
        let mut whole = Vec::new();
        self.read(file, |bytes| {
            whole.try_reserve(bytes.len()).or(Err(LoadFailure::NoMemory))?;
            whole.extend_from_slice(bytes);
            Ok(())
        })
        .await?;
        Ok(whole)
    }

    /// Gives the bytes of a file away, in their order.
    async fn read(
        &self,
        file: &File,
        mut take: impl FnMut(&[u8]) -> Result<(), LoadFailure>,
    ) -> Result<(), LoadFailure> {
        let mut memory = ArrayBuffer::new(BUFFER);
        let mut bytes = Vec::new();
        for piece in self.manifest.pieces_of(file) {
            let response = self.store.pieces().response(&piece.digest).await;
            // It may have been removed since, or evicted.
            let response = response.map_err(|error| storage(&error))?.ok_or(LoadFailure::NotReady)?;
            let stream = response.body().ok_or(LoadFailure::NotReady)?;
            let mut reader = ByteReader::new(&stream, memory).map_err(JsFailure)?;
            let mut length = 0;
            while let Some(chunk) = reader.read(0).await.map_err(JsFailure)? {
                bytes.resize(chunk.length() as usize, 0);
                chunk.copy_to(&mut bytes);
                length += bytes.len() as u64;
                take(&bytes)?;
            }
            if length != piece.size {
                return Err(LoadFailure::NotReady);
            }
            memory = reader.into_memory().unwrap_or_else(|| ArrayBuffer::new(BUFFER));
        }
        Ok(())
    }
}

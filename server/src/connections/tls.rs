//! TLS with a certificate chain and a key from two files, which are reloaded when they change. Invalid files are an error at the
//! start; later, they are reported, and the previous pair stays in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::index::Fingerprint;

/// ALPN's name for HTTP/2 (RFC 9113 section 3.2).
pub(super) const HTTP2: &[u8] = b"h2";

/// Where certificate and key are, both in PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The server's certificate, then its intermediate certificates.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read ({source})", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A file is not PEM.
    #[error("{} is not in PEM ({source})", path.display())]
    Pem { path: PathBuf, source: pem::Error },
    /// The first file has no certificate.
    #[error("{} has no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// The second file has no key.
    #[error("{} has no private key in PEM", .0.display())]
    NoKey(PathBuf),
    /// Both files are readable, but the key does not belong to the certificate.
    #[error("the certificate {} and the key {} cannot be used ({source})", files.cert.display(), files.key.display())]
    Pair { files: TlsFiles, source: rustls::Error },
}

/// The pair in use.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    /// What they looked like just before they were read at the start.
    opened: Look,
    current: RwLock<Arc<ServerConfig>>,
}

/// What both files look like; `None` if one cannot be looked at.
type Look = Option<[Fingerprint; 2]>;

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let opened = look(&files);
        let current = RwLock::new(Arc::new(load(&files)?));
        Ok(Self { files, opened, current })
    }

    /// The acceptor for the next connection. Open connections keep their certificate.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current))
    }

    /// Checks the files at this interval, forever, and uses new ones.
    pub(crate) async fn follow(self: Arc<Self>, every: Duration) {
        let mut used = self.opened;
        let mut before = used;
        let mut complaint = String::new();
        loop {
            sleep(every).await;
            let now = self.look().await;
            // Two files are never written at the same instant: they are read once they have stopped changing.
            let rests = now == before;
            before = now;
            if now == used || !rests {
                continue;
            }
            match self.reload().await {
                Ok(()) => {
                    tracing::info!("new certificate in use: {}", self.files.cert.display());
                    used = now;
                    complaint.clear();
                }
                // Retried, since a change of permissions is not visible in a fingerprint; logged once.
                Err(error) => {
                    let text = error.to_string();
                    if text != complaint {
                        tracing::error!("{text}; the certificate from before stays in use");
                        complaint = text;
                    }
                }
            }
        }
    }

    async fn look(self: &Arc<Self>) -> Look {
        let tls = Arc::clone(self);
        spawn_blocking(move || look(&tls.files)).await.ok().flatten()
    }

    async fn reload(self: &Arc<Self>) -> Result<(), TlsError> {
        let tls = Arc::clone(self);
        let loaded = spawn_blocking(move || load(&tls.files)).await.unwrap_or_else(|error| {
            Err(TlsError::Read { path: self.files.cert.clone(), source: io::Error::other(error) })
        })?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        Ok(())
    }
}

fn look(files: &TlsFiles) -> Look {
    let of = |path: &Path| Some(Fingerprint::of(&fs::metadata(path).ok()?));
    Some([of(&files.cert)?, of(&files.key)?])
}

fn load(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&read(&files.cert)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|source| TlsError::Pem { path: files.cert.clone(), source })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.cert.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey(files.key.clone()),
        source => TlsError::Pem { path: files.key.clone(), source },
    })?;
    configure(chain, key).map_err(|source| TlsError::Pair { files: files.clone(), source })
}

fn configure(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    // Clients resume sessions by tickets, without state in the server.
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_renewed_between_reading_and_following_is_taken_into_use() {
        let dir = tempfile::tempdir().unwrap();
        let files = TlsFiles { cert: dir.path().join("cert.pem"), key: dir.path().join("key.pem") };
        let renew = || {
            let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            for (path, text) in
                [(&files.cert, made.cert.pem()), (&files.key, made.signing_key.serialize_pem())]
            {
                // Another file under the same name.
                let new = path.with_extension("new");
                fs::write(&new, text).unwrap();
                fs::rename(new, path).unwrap();
            }
        };
        renew();
        let tls = Arc::new(Tls::open(files.clone()).unwrap());
        let opened = tls.current.read().unwrap().clone();
        renew();
        let following = tokio::spawn(Arc::clone(&tls).follow(Duration::from_millis(10)));
        let taken = async {
            while Arc::ptr_eq(&opened, &tls.current.read().unwrap()) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), taken).await.unwrap();
        following.abort();
    }
}

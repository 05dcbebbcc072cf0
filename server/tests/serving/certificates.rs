//! Certificates of the tests' own, and clients that trust them.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::folder::Folder;

/// A certificate for 127.0.0.1 and its key, in two files.
pub(crate) struct Pair {
    cert: PathBuf,
    key: PathBuf,
}

impl Pair {
    pub(crate) fn new(folder: &Folder) -> Self {
        let pair = Self { cert: folder.beside("cert.pem"), key: folder.beside("key.pem") };
        pair.renew();
        pair
    }

    /// Puts another pair in its place.
    pub(crate) fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(&self.cert, made.cert.pem()).unwrap();
        fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
    }

    pub(crate) fn cert(&self) -> &Path {
        &self.cert
    }

    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    pub(crate) fn flags(&self) -> [&str; 4] {
        ["--tls-cert", self.cert.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }

    /// Trust in what is in the files now.
    pub(crate) fn trust(&self) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.cert).unwrap()).unwrap();
        Trust(Arc::new(roots))
    }
}

/// Certificates that a client takes for good.
pub(crate) struct Trust(Arc<RootCertStore>);

impl Trust {
    /// A client that speaks this protocol only.
    pub(crate) fn client(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }

    pub(crate) fn over(
        &self,
        stream: TcpStream,
        protocol: &[u8],
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        StreamOwned::new(ClientConnection::new(self.client(protocol), name).unwrap(), stream)
    }
}

//! The whole proxy as a value: started with a configuration, it runs in tasks of the runtime and ends
//! with it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::control::{self, Control};
use crate::error::Error;
use crate::front::{Front, Shared};
use crate::rules::Rules;
use crate::upstream::Upstream;

/// What a proxy needs to know.
#[derive(Debug)]
pub struct Config {
    /// Where requests go.
    pub upstream: Upstream,
    /// Where clients come; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where commands come; port 0 takes any free one.
    pub control: SocketAddr,
    /// The rules to begin with.
    pub rules: Rules,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control_address: SocketAddr,
}

impl Proxy {
    /// Listens for clients and for commands.
    ///
    /// # Errors
    /// [`Error::Listen`], for either address.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let refused = |address| move |source| Error::Listen { address, source };
        let shared = Shared::new(config.rules, config.upstream);
        let front = Front::open(config.listen, Arc::clone(&shared)).map_err(refused(config.listen))?;
        let listener = TcpListener::bind(config.control).await.map_err(refused(config.control))?;
        let control_address = listener.local_addr().map_err(refused(config.control))?;
        let address = front.address();
        tokio::spawn(control::serve(listener, Arc::new(Control { front, shared })));
        Ok(Self { address, control_address })
    }

    /// Where clients come.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where commands come.
    #[must_use]
    pub fn control_address(&self) -> SocketAddr {
        self.control_address
    }
}

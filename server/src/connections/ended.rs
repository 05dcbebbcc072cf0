//! How connections end.

use std::error::Error;
use std::io;

/// How a connection ended: the values of a metric label.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    /// The client or the server was done with it.
    Done,
    /// A TLS handshake took longer than [`Limits::head`].
    Handshake,
    /// A request's head took longer than [`Limits::head`], or the connection was idle for so long.
    Head,
    /// The client did not read what it had asked for: [`Limits::stall`].
    Stall,
    /// The client went away, or spoke no HTTP, or no TLS.
    Failed,
}

impl Ended {
    pub(crate) const ALL: [Self; 5] = [Self::Done, Self::Handshake, Self::Head, Self::Stall, Self::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Stall => "stall",
            Self::Failed => "failed",
        }
    }
}

/// Distinguishes a client that did not read from other failures.
pub(super) fn failed(error: &(dyn Error + 'static)) -> Ended {
    let mut cause = Some(error);
    let mut stalled = false;
    let mut text = error.to_string();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        stalled |= io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
        cause = error.source();
        if let Some(cause) = cause {
            text = format!("{text}: {cause}");
        }
    }
    tracing::debug!("a connection ended: {text}");
    if stalled { Ended::Stall } else { Ended::Failed }
}

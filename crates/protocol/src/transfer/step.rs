//! What a page must do for a [`super::Transfer`].

use crate::download::{Millis, PageOutcome};
use crate::{Digest, Piece};

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// See what was saved of this piece, and answer [`super::Transfer::opened`] or [`super::Transfer::admitted`].
    Open(Piece),
    /// Send this request; answer [`super::Transfer::answered`], [`super::Transfer::received`] and [`super::Transfer::ended`].
    Request(Request),
    /// Abort the request with this id. The transfer has already forgotten it.
    Abort(u32),
    /// Verify this piece and store it; answer [`super::Transfer::admitted`], [`super::Transfer::refused`] or [`super::Transfer::fail`].
    Admit(Piece),
    /// Delete the saved parts of this piece. If it is not open any more, also free its memory and its
    /// reservation.
    Forget(Digest),
    /// Save what has arrived of this piece; no more arrives now. Answer [`super::Transfer::put_away`].
    PutAway(Digest),
    /// Nothing to do before this time, or before something happens.
    Wait(Millis),
    /// The transfer has ended, and no request is running.
    End(PageOutcome),
}

/// A request for some bytes of a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Request {
    /// Its number; none is used twice.
    pub id: u32,
    /// The piece.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u32,
    /// The first byte.
    pub first: u32,
    /// The last byte.
    pub last: u32,
    /// Whether that is less than the piece.
    pub ranged: bool,
    /// Whether the body goes straight to the store. [`super::Transfer::received`] then gets all of its bytes at once.
    pub straight: bool,
}

//! No device: while the server renders.

use protocol::{ModelId, Revision};

/// Effects do not run on the server, so nobody calls this.
pub(crate) fn follow<T>(_section: &T, _model: &ModelId, _revision: Revision, _ready: bool) {}

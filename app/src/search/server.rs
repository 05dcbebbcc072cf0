//! The variant for the server, which knows nothing about the device.

use protocol::{ModelId, Revision};

/// Effects do not run on the server, so nobody calls this.
pub(crate) fn follow(_model: &ModelId, _here: Option<Revision>) {}

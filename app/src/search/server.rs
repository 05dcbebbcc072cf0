//! On the server, which knows nothing of the device.

use protocol::{ModelId, Revision};

/// Effects do not run on the server, so nobody calls this.
pub(crate) fn follow(_model: &ModelId, _here: Option<Revision>) {}

//! The kind of file system that a file is on. It is detected when the file is first opened.

use std::fs::File;
use std::sync::OnceLock;

use crate::kernel;

/// Whether system calls for a file may block for long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MediumKind {
    /// Local: its pages are in the page cache of this machine.
    Local,
    /// On another machine, in another program, or unknown: every call may block.
    Remote,
}

/// What is known of the file system. All are equal: it is no part of what a file is.
#[derive(Clone, Debug, Default)]
pub struct Medium(OnceLock<MediumKind>);

impl Medium {
    /// Looks at an open file, unless that was done before. May block.
    pub(super) fn look(&self, file: &File) {
        self.0.get_or_init(|| if kernel::is_local(file) { MediumKind::Local } else { MediumKind::Remote });
    }

    /// As if it had been found out, whatever the file is on.
    #[cfg(test)]
    pub(crate) fn of(kind: MediumKind) -> Self {
        Self(OnceLock::from(kind))
    }

    /// What was found out.
    pub(crate) fn known(&self) -> Option<MediumKind> {
        self.0.get().copied()
    }
}

impl PartialEq for Medium {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Medium {}

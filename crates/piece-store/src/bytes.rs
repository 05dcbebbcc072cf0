//! Memory for the bytes of pieces.

use js_sys::{ArrayBuffer, Uint8Array};

/// Bytes in memory. A clone shares the memory.
pub trait Bytes: Clone + 'static {
    /// So many zeros.
    fn with_length(length: u32) -> Self;

    /// The number of bytes.
    fn length(&self) -> u32;

    /// Copies these bytes to this offset. They must fit.
    fn copy_from(&self, bytes: &Self, offset: u32);

    /// Gives the memory back at once; no clone has any bytes afterwards. A garbage collector would take its time.
    fn release(self);
}

impl Bytes for Uint8Array {
    fn with_length(length: u32) -> Self {
        Self::new_with_length(length)
    }

    fn length(&self) -> u32 {
        Self::length(self)
    }

    fn copy_from(&self, bytes: &Self, offset: u32) {
        self.set(bytes, offset);
    }

    fn release(self) {
        release(&self.buffer());
    }
}

/// Gives memory back to the browser at once. Engines that cannot do it leave it to the garbage collector.
pub fn release(memory: &ArrayBuffer) {
    let _ = memory.transfer_with_length(0);
}

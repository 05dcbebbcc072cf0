//! No device: while the server renders.

use protocol::download::{Button, Choice};
use protocol::{ModelId, Revision};

use super::Seat;

pub(super) fn seat(model: ModelId, revision: Revision) -> Seat {
    Seat::new(model, revision)
}

pub(super) fn begin(_seat: &Seat) {}

pub(super) fn press(_seat: &Seat, _button: Button) {}

pub(super) fn choose(_choice: Choice) {}

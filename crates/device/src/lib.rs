//! The browser's side of downloads: what a window does to carry models onto the device it is on. What is to be done is
//! decided by the state machines of `protocol`, and carried out here.
//!
//! Two programs have it: the pages of the app, and the module for other pages of the same origin. Neither is known here:
//! they read downloads, and are told of changes, by [`Seat`]s.

mod background;
mod browser;
mod choice;
mod driver;
mod http;
mod news;
mod page_engine;
mod reload;
mod removal;
mod room;
mod seat;
mod survey;

pub use browser::{is_lasting, log, register, window};
pub use driver::{choose, is_busy};
pub use removal::{RemoveError, remove};
pub use seat::Seat;
pub use survey::current;

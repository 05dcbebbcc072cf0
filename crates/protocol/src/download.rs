//! The state machine of one model's download, as a page runs it.
//!
//! [`Download`] takes an [`Event`] and the time, changes its [`State`], and answers with [`Effect`]s for the
//! page to carry out; their outcomes come back as events. It does no I/O and reads no clock, so every order
//! of events can be tried natively (`tests/download.rs`).
//!
//! Ready is derived: the state is [`State::Ready`] exactly when the manifest is stored and every piece that it
//! names is kept. Nothing can set it.

mod effect;
mod event;
mod machine;
mod plan;
mod state;

pub use effect::Effect;
pub use event::{Active, Button, Event, PageOutcome, StartRefusal, Survey};
pub use machine::{Download, Settings};
pub use plan::Plan;
pub use state::{Background, Cause, Engine, Fetching, HandOver, Lack, PageTrouble, PageWork, Stage, State};

/// Milliseconds since 1970. Differences decide when to wait no longer, and the value itself tells attempts
/// apart; a clock that is set back only makes waiting longer.
pub type Millis = u64;

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
mod settings;
mod state;
mod storage_quota;
mod throughput;

pub use effect::Effect;
pub use event::{Active, Activity, Button, Event, PageEvent, PageOutcome, StartRefusal, Survey};
pub use machine::Download;
pub use plan::Plan;
pub use settings::Settings;
pub use state::{
    Background, Cause, Choice, Engine, FallbackReason, Fetching, MissingCapability, PageTrouble, PageWork,
    Preparing, Quiet, Stage, Start, State, Waiting,
};
pub use storage_quota::{BACKGROUND_COPIES, StorageQuota};
pub use throughput::Throughput;

/// Milliseconds since 1970. Differences decide when to wait no longer, and the value itself tells attempts
/// apart; a clock that is set back only makes waiting longer.
pub type Millis = u64;

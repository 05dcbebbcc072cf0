//! The state machine of one model's download, which runs in a page.
//!
//! [`Download`] takes an [`Event`] and the time, changes its [`State`], and returns [`Effect`]s. The page
//! carries them out, and their results come back as events. The machine does no I/O and reads no clock, so
//! `tests/download.rs` tries every order of events natively.
//!
//! Ready is derived: the state becomes [`State::Ready`] only if the manifest is stored, and every piece
//! that it names.

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

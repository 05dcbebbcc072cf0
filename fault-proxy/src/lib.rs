//! A reverse proxy for tests that makes faults on purpose and tells what it has sent.
//!
//! `rule` says what is to go wrong, `rules` which rule meets which request; `answer` makes the answer and `body`
//! its faulty body; `connection` counts what reaches the socket and cuts it; `front` is the listener, `control`
//! the way in for tests. HTTP/1.1 without TLS; trailers and upgrades are not passed on.

mod answer;
mod body;
mod connection;
mod control;
mod error;
mod front;
mod log;
mod pattern;
mod proxy;
mod rate_limit;
mod rule;
mod rules;
mod upstream;

pub use error::Error;
pub use proxy::{Config, Proxy};
pub use rule::RuleError;
pub use rules::Rules;
pub use upstream::Upstream;

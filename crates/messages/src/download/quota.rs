//! Texts about free space on the device.

use protocol::download::{Cause, Download, State};

use crate::bytes;

/// The room that it takes, or whether it will stay; empty where there is nothing to say. `size` is the model's, in
/// bytes.
#[must_use]
pub fn quota(download: &Download, size: u64) -> String {
    let quota = download.quota();
    match download.state() {
        State::Ready => match quota.persisted {
            Some(true) => "The browser has promised to keep it.".to_owned(),
            Some(false) => "The browser may remove it when this device runs short of room.".to_owned(),
            None => String::new(),
        },
        State::Absent | State::Interrupted(_) => {
            let missing = download.plan().map_or(size, |plan| plan.total() - plan.kept_bytes());
            let need = download.need(missing);
            let mut text = format!("Needs {} of room", bytes(need));
            if need > missing {
                text += " while it downloads, a third of that afterwards";
            }
            text += ".";
            let short = !quota.fits(need);
            // Some browsers name more than there is.
            if let (Some(free), true) = (quota.free, short) {
                text += &format!(" The browser says that {} are left for this site.", bytes(free));
            }
            let full = short || *download.state() == State::Interrupted(Cause::NoRoom);
            if full && !quota.others.is_empty() {
                let others = quota.others.iter().map(|(model, kept)| format!("{model} ({})", bytes(*kept)));
                text += &format!(" Could be deleted: {}.", others.collect::<Vec<_>>().join(", "));
            }
            text
        }
        State::Unknown
        | State::Unsupported(_)
        | State::Preparing(_)
        | State::Fetching(_)
        | State::Stopping(_)
        | State::Removing => String::new(),
    }
}

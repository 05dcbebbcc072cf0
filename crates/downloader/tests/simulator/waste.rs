//! Counts the bytes that the network sent twice, and how many of them the faults of a schedule allow: see
//! `WASTE.md`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use protocol::download::State;
use protocol::{Digest, ModelId};

use super::executor::ContextId;
use super::world::{Tab, World};

/// Requests under way at once at most, over lines of the same speed each.
const CONNECTIONS: u64 = 6;

/// What a fault may cost a page that can act, in bytes: what is in transit, and pieces below 1 MiB.
pub const PAGE_ACTS: u64 = 64 << 10;

/// What it may cost a page that is ended without a warning: a second of the line within these bounds.
const PAGE_ENDED: (u64, u64) = (1 << 20, 4 << 20);

/// From this speed on, in bytes a millisecond, whole pieces go straight to the store.
const VERY_FAST: u64 = 60_000;

/// Larger portions look like a very fast line to a page that measures its speed.
const FINE: u64 = 256 << 10;

/// After this time without an answer to the contrary, in milliseconds, a page that starts a background fetch has to know what is
/// stored: its intent, its lock and the browser's question to the user come in between.
const KNOWN: u64 = 60_000;

/// Tabs that begin within this time begin together, in milliseconds: so long it takes until one sees what the other does.
const TOGETHER: u64 = 1_000;

/// The account of a schedule.
#[derive(Default)]
pub struct Waste {
    allowed: Cell<u64>,
    /// Whether parts of pieces may be of no use from now on: pieces are fetched whole, or parts cannot be saved.
    rough: Cell<bool>,
    /// What each page or worker knows of a piece: whether it is kept.
    known: RefCell<BTreeMap<(ContextId, Digest), bool>>,
    /// Since when pieces are known to be kept.
    kept: RefCell<BTreeMap<Digest, u64>>,
    wrong: RefCell<Option<String>>,
}

impl Waste {
    pub fn knows(&self, context: ContextId, digest: &Digest, is_kept: bool, now: u64) {
        self.known.borrow_mut().insert((context, *digest), is_kept);
        if is_kept {
            self.kept.borrow_mut().entry(*digest).or_insert(now);
        } else {
            self.kept.borrow_mut().remove(digest);
        }
    }

    /// A page or worker asks for a piece: it has looked whether the piece is kept, and it was not. Where the store has failed or has
    /// not answered, what waited for it may be kept after that look.
    fn asks(&self, context: ContextId, digest: &Digest) {
        let known = self.known.borrow().get(&(context, *digest)).copied();
        if known.is_none() || known == Some(true) && !self.rough.get() {
            let what = if known.is_some() { "although it is kept" } else { "without a look at the store" };
            self.wrong.replace(Some(format!("{context:?} asks for {digest} {what}")));
        }
    }

    /// A page asks for a piece in a background fetch. Nothing that could be read was removed for so long.
    fn starts(&self, digest: &Digest, now: u64, unchanged_for: u64) {
        let is_known = self.kept.borrow().get(digest).is_some_and(|since| now > since + KNOWN);
        // Where the store has failed or has not answered, nobody may have known.
        if is_known && unchanged_for > KNOWN && !self.rough.get() {
            self.wrong.replace(Some(format!("a background fetch asks for {digest} although it is kept")));
        }
    }

    pub fn take_wrong(&self) -> Option<String> {
        self.wrong.take()
    }
}

impl World {
    /// How long it takes until one tab sees what another one does.
    pub fn moment(&self) -> u64 {
        TOGETHER + 40 * self.0.disk_delay.get()
    }

    /// A page or worker asks for a piece. Another tab may have started a background fetch for it in that moment, which is aborted
    /// as soon as this one sees it.
    pub fn asks(&self, context: ContextId, digest: &Digest) {
        self.waste().asks(context, digest);
        for fetch in self.fetches().iter().filter(|fetch| fetch.asks_for(digest)) {
            if self.executor().now() < fetch.started + self.moment() && !fetch.is_beside.replace(true) {
                self.may_waste(self.two_pieces(&fetch.attempt.model), "tabs began together");
            }
        }
    }

    /// A page starts a background fetch for this piece.
    pub fn starts(&self, digest: &Digest) {
        if self.origin().is_readable(digest) {
            self.waste().starts(digest, self.executor().now(), self.unchanged_for());
        }
    }

    /// So many bytes may be sent twice for this reason.
    pub fn may_waste(&self, bytes: u64, why: &str) {
        if bytes > 0 {
            self.log(|| format!("{why}: {bytes} bytes more may be sent twice"));
            self.waste().allowed.set(self.waste().allowed.get() + bytes);
        }
    }

    /// From now on parts of pieces may be of no use.
    pub fn is_rough(&self) {
        self.waste().rough.set(true);
    }

    /// How many bytes were sent twice, and how many may have been.
    pub fn wasted(&self) -> (u64, u64) {
        (self.server().sent_twice(), self.waste().allowed.get() + self.server().spoiled())
    }

    /// Bytes of all pieces of a model.
    pub fn whole(&self, model: &ModelId) -> u64 {
        let pieces = self.server().current(model).map(|manifest| manifest.pieces()).unwrap_or_default();
        pieces.iter().map(|piece| piece.size).sum()
    }

    /// The two largest pieces of a model: what Background Fetch may lose of it.
    pub fn two_pieces(&self, model: &ModelId) -> u64 {
        let pieces = self.server().current(model).map(|manifest| manifest.pieces()).unwrap_or_default();
        let mut sizes: Vec<_> = pieces.iter().map(|piece| piece.size).collect();
        sizes.sort_unstable();
        sizes.iter().rev().take(2).sum()
    }

    /// Background fetches of this model, or of all, lose what the browser is receiving.
    pub fn background_loses(&self, model: Option<&ModelId>, why: &str) {
        for fetch in self.fetches() {
            if model.is_none_or(|model| fetch.attempt.model == *model) {
                self.may_waste(self.two_pieces(&fetch.attempt.model), why);
            }
        }
    }

    /// The same for those that have brought nothing yet.
    pub fn new_background_loses(&self, why: &str) {
        for fetch in self.fetches().iter().filter(|fetch| fetch.is_new()) {
            self.may_waste(self.two_pieces(&fetch.attempt.model), why);
        }
    }

    /// The same for what a page fetches itself and has not stored as whole pieces.
    fn page_loses(&self, tab: &Tab, at_most: u64, why: &str) {
        let fetches = tab.with_download(|download| {
            let page = download.state().fetching().and_then(|fetching| fetching.page.as_ref());
            page.is_some_and(|page| !page.waits)
        });
        if fetches != Some(true) {
            return;
        }
        let server = self.server();
        let is_coarse = server.chunk() > FINE || CONNECTIONS * server.speed() >= VERY_FAST;
        if is_coarse || self.waste().rough.get() {
            let missing = tab.with_download(|download| {
                let asked =
                    download.background().map(|background| background.asked.clone()).unwrap_or_default();
                let missing = download.plan().into_iter().flat_map(protocol::download::Plan::missing);
                missing.filter(|piece| !asked.contains(&piece.digest)).map(|piece| piece.size).sum::<u64>()
            });
            self.may_waste(missing.unwrap_or(0), why);
        }
        if self.tabs().iter().any(|other| other.model != tab.model) {
            self.may_waste(server.shared(), "parts in a file that another page has open");
        }
        self.may_waste(at_most, why);
    }

    /// Something happens to the connection, or to the page, that it can act on.
    pub fn page_acts(&self, tab: &Tab, why: &str) {
        // Besides, a portion of each connection.
        let portions = CONNECTIONS * self.server().chunk();
        // Everything unsaved is being written, and a page that goes takes its writes with it.
        let is_stopping = matches!(tab.state(), State::Stopping(_));
        self.page_loses(tab, if is_stopping { self.unsaved() } else { PAGE_ACTS + portions }, why);
    }

    pub fn pages_act(&self, why: &str) {
        self.tabs().iter().for_each(|tab| self.page_acts(tab, why));
    }

    /// What a page has not saved yet at most.
    pub fn unsaved(&self) -> u64 {
        let line = CONNECTIONS * self.server().speed();
        let (least, most) = PAGE_ENDED;
        // Besides, a portion of each connection, and what comes while a slow disk takes a part.
        (line * 1_000).clamp(least, most)
            + CONNECTIONS * self.server().chunk()
            + line * self.0.disk_delay.get()
    }

    /// A page ends without a warning.
    pub fn page_ends(&self, tab: &Tab, why: &str) {
        self.page_loses(tab, self.unsaved(), why);
    }

    /// All that is stored or on its way of a model is lost, and what still comes of it.
    pub fn removed(&self, model: &ModelId, why: &str) {
        self.may_waste(2 * self.whole(model), why);
    }

    /// Nothing can be stored: all that Background Fetch brings is lost, and with a page all that it holds. Tabs that waited for
    /// another one try it, too.
    pub fn cannot_store(&self, model: &ModelId, why: &str) {
        self.is_rough();
        let tabs = self.tabs().iter().filter(|tab| tab.model == *model).count().max(1) as u64;
        self.may_waste(self.whole(model) * tabs, why);
    }
}

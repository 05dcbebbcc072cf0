//! Runs tasks in virtual time, and chooses at random among those that are ready. Tasks of one context begin
//! in the order in which they were spawned, as with `wasm_bindgen_futures`.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// A page, a worker, or the browser itself: what can end at any moment, with all its tasks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ContextId(pub u32);

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The executor. A clone is the same.
#[derive(Clone)]
pub struct Executor(Rc<Inner>);

struct Inner {
    now: Cell<u64>,
    next: Cell<u64>,
    random: Cell<u64>,
    polls: Cell<u64>,
    tasks: RefCell<BTreeMap<u64, (ContextId, Option<Task>)>>,
    ready: Arc<Mutex<Vec<u64>>>,
    /// Tasks that have not begun.
    new: RefCell<BTreeMap<ContextId, VecDeque<u64>>>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
}

struct Timer(u64, u64, Waker);

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

struct TaskWaker(u64, Arc<Mutex<Vec<u64>>>);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let ready = &mut *self.1.lock().unwrap();
        if !ready.contains(&self.0) {
            ready.push(self.0);
        }
    }
}

impl Executor {
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(Inner {
            // So that times differ from small numbers.
            now: Cell::new(1_000_000),
            next: Cell::new(0),
            random: Cell::new(seed),
            polls: Cell::new(0),
            tasks: RefCell::default(),
            ready: Arc::default(),
            new: RefCell::default(),
            timers: RefCell::default(),
        }))
    }

    /// Other random numbers from now on.
    pub fn seed(&self, seed: u64) {
        self.0.random.set(seed);
    }

    /// Milliseconds.
    pub fn now(&self) -> u64 {
        self.0.now.get()
    }

    /// How often tasks went on.
    pub fn polls(&self) -> u64 {
        self.0.polls.get()
    }

    /// A random number below `end` (splitmix64).
    pub fn below(&self, end: u64) -> u64 {
        let state = self.0.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Whether something happens that happens once in so many times.
    pub fn one_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn spawn(&self, context: ContextId, task: impl Future<Output = ()> + 'static) {
        let id = self.0.next.get();
        self.0.next.set(id + 1);
        self.0.tasks.borrow_mut().insert(id, (context, Some(Box::pin(task))));
        self.0.new.borrow_mut().entry(context).or_default().push_back(id);
        self.0.ready.lock().unwrap().push(id);
    }

    /// Waits so many milliseconds.
    pub fn sleep(&self, time: u64) -> impl Future<Output = ()> + use<> {
        let executor = self.clone();
        let until = self.now() + time;
        let mut is_set = false;
        poll_fn(move |context| {
            if executor.now() >= until && is_set {
                return Poll::Ready(());
            }
            is_set = true;
            let number = executor.0.next.get();
            executor.0.next.set(number + 1);
            // Of what is due at the same time, any may be first.
            let order = executor.below(1 << 32);
            executor.0.timers.borrow_mut().push(Reverse(Timer(until, order, context.waker().clone())));
            Poll::Pending
        })
    }

    /// The computer sleeps: time passes, and nobody does anything.
    pub fn freeze(&self, time: u64) {
        self.0.now.set(self.now() + time);
    }

    /// Ends a context: its tasks stop where they are.
    pub fn kill(&self, context: ContextId) {
        let mut ended = Vec::new();
        self.0.new.borrow_mut().remove(&context);
        self.0.tasks.borrow_mut().retain(|_, (of, task)| {
            if *of == context {
                ended.push(task.take());
            }
            *of != context
        });
        drop(ended);
    }

    /// The task that goes on instead of this one if this one has not begun: the first such of its context.
    fn in_order(&self, id: u64) -> u64 {
        let Some(context) = self.0.tasks.borrow().get(&id).map(|(context, _)| *context) else { return id };
        let mut new = self.0.new.borrow_mut();
        let Some(waiting) = new.get_mut(&context).filter(|waiting| waiting.contains(&id)) else { return id };
        let first = waiting.pop_front().unwrap_or(id);
        if waiting.is_empty() {
            new.remove(&context);
        }
        if first != id {
            let mut ready = self.0.ready.lock().unwrap();
            ready.retain(|other| *other != first);
            ready.push(id);
        }
        first
    }

    /// Ends all contexts.
    pub fn end(&self) {
        let (tasks, timers) = (self.0.tasks.take(), self.0.timers.take());
        drop((tasks, timers));
    }

    /// Lets one task go on, or time pass until one can; says whether there was one before this time.
    pub fn step(&self, until: u64) -> bool {
        let next = {
            let ready = &mut *self.0.ready.lock().unwrap();
            match ready.len() {
                0 => None,
                1 => ready.pop(),
                several => Some(ready.swap_remove(self.below(several as u64) as usize)),
            }
        };
        let Some(id) = next else {
            let timers = &mut *self.0.timers.borrow_mut();
            if timers.peek().is_none_or(|Reverse(timer)| timer.0 > until) {
                self.0.now.set(until);
                return false;
            }
            let Some(Reverse(Timer(at, _, waker))) = timers.pop() else { return false };
            self.0.now.set(self.now().max(at));
            waker.wake();
            return true;
        };
        let id = self.in_order(id);
        let taken = self.0.tasks.borrow_mut().get_mut(&id).and_then(|(_, task)| task.take());
        let Some(mut task) = taken else { return true };
        self.0.polls.set(self.polls() + 1);
        let waker = Waker::from(Arc::new(TaskWaker(id, Arc::clone(&self.0.ready))));
        let is_done = task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        let mut over = Some(task);
        if is_done {
            self.0.tasks.borrow_mut().remove(&id);
        } else if let Some((_, place)) = self.0.tasks.borrow_mut().get_mut(&id) {
            // Else its context has ended while it ran.
            *place = over.take();
        }
        drop(over);
        true
    }
}

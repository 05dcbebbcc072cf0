//! What a worker with a model does next: the newest query first, then the next batch of the text. Messages come in, what is
//! to be said goes out, and in between nothing takes longer than a batch.

use std::collections::VecDeque;

use inference_protocol::{FromInference, Span, TextFailure, ToInference};

use crate::batch::batch;
use crate::{Embedder, Index, Passages, Tokens};

/// Passages that are split off at a time.
const SPLIT_AT_ONCE: usize = 64;

/// Passages whose tokens are made ahead, for a batch is not known before.
const AHEAD: usize = 32;

/// A model and one text.
#[derive(Debug)]
pub struct Session {
    embedder: Embedder,
    job: Option<Job>,
    query: Option<Query>,
    /// The last query, for it is often asked again when more of the text is done.
    answered: Option<(String, Vec<f32>)>,
}

#[derive(Debug)]
struct Query {
    job: u32,
    number: u32,
    limit: usize,
    text: String,
}

#[derive(Debug)]
struct Job {
    number: u32,
    text: String,
    spans: Vec<Span>,
    index: Index,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Splitting(Passages),
    /// Tokens of the next passages.
    Embedding(VecDeque<Tokens>),
    Over,
}

impl Session {
    /// Without a text yet.
    #[must_use]
    pub fn new(embedder: Embedder) -> Self {
        Self { embedder, job: None, query: None, answered: None }
    }

    /// Takes a message, and says what is to be answered at once.
    #[must_use]
    pub fn receive(&mut self, message: ToInference) -> Option<FromInference> {
        match message {
            ToInference::Load { .. } => {
                Some(FromInference::Failed(inference_protocol::LoadFailure::AlreadyLoaded))
            }
            ToInference::Index { job, text } => {
                let cancelled = self.job.take().filter(Job::is_going_on);
                self.job = Some(Job {
                    number: job,
                    text,
                    spans: Vec::new(),
                    index: Index::new(self.embedder.config().hidden),
                    phase: Phase::Splitting(Passages::default()),
                });
                cancelled.map(|old| FromInference::Cancelled { job: old.number })
            }
            ToInference::Cancel { job } => {
                let current = self.job.as_mut().filter(|current| current.number == job)?;
                let was_going_on = current.is_going_on();
                current.end();
                was_going_on.then_some(FromInference::Cancelled { job })
            }
            ToInference::Query { job, number, limit, text } => {
                self.query = Some(Query { job, number, limit: limit as usize, text });
                None
            }
        }
    }

    /// Whether there is something to compute.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.query.is_some() || self.job.as_ref().is_some_and(Job::is_going_on)
    }

    /// Computes the next thing, and says what is to be told of it.
    #[must_use]
    pub fn step(&mut self) -> Option<FromInference> {
        if let Some(query) = self.query.take() {
            let number = query.number;
            let answer = self.answer(query);
            return Some(answer.unwrap_or_else(|failure| FromInference::QueryFailed { number, failure }));
        }
        let job = self.job.as_mut()?;
        let number = job.number;
        match job.step(&mut self.embedder) {
            Ok(message) => message,
            Err(failure) => {
                job.end();
                Some(FromInference::IndexFailed { job: number, failure })
            }
        }
    }

    fn answer(&mut self, query: Query) -> Result<FromInference, TextFailure> {
        let job = self.job.as_ref().filter(|job| job.number == query.job);
        let Job { index, .. } = job.ok_or(TextFailure::UnknownJob)?;
        let (_, vector) = match self.answered.take() {
            Some(answered) if answered.0 == query.text => self.answered.insert(answered),
            Some(_) | None => {
                let vector = self.embedder.embed_text(&query.text)?;
                self.answered.insert((query.text, vector))
            }
        };
        let hits = index.search(vector, query.limit);
        Ok(FromInference::Hits { job: query.job, number: query.number, searched: count(index.len()), hits })
    }
}

impl Job {
    fn is_going_on(&self) -> bool {
        match self.phase {
            Phase::Splitting(_) | Phase::Embedding(_) => true,
            Phase::Over => false,
        }
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.text = String::new();
    }

    fn step(&mut self, embedder: &mut Embedder) -> Result<Option<FromInference>, TextFailure> {
        match &mut self.phase {
            Phase::Splitting(passages) => {
                for _ in 0..SPLIT_AT_ONCE {
                    let Some(span) = passages.next(embedder.vocabulary(), &self.text)? else {
                        if self.spans.is_empty() {
                            return Err(TextFailure::Empty);
                        }
                        self.phase = Phase::Embedding(VecDeque::new());
                        let spans = self.spans.clone();
                        return Ok(Some(FromInference::Passages { job: self.number, spans }));
                    };
                    self.spans.push(span);
                }
                Ok(None)
            }
            Phase::Embedding(ahead) => {
                let begun = self.index.len() + ahead.len();
                for span in self.spans.iter().skip(begun).take(AHEAD - ahead.len()) {
                    let passage = &self.text[span.start as usize..span.end as usize];
                    ahead.push_back(embedder.vocabulary().encode(passage)?);
                }
                let next = batch(ahead.iter().map(|tokens| tokens.ids().len()));
                let next: Vec<Tokens> = ahead.drain(..next.min(ahead.len())).collect();
                self.index.extend(&embedder.embed(&next));
                let (done, total) = (count(self.index.len()), count(self.spans.len()));
                if done < total {
                    return Ok(Some(FromInference::Progress { job: self.number, done, total }));
                }
                self.end();
                Ok(Some(FromInference::Indexed { job: self.number }))
            }
            Phase::Over => Ok(None),
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

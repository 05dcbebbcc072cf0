//! Makes a model out of the bytes of its safetensors file, in their order and whatever lengths they come in, so that there
//! never is a second copy of the weights.

use std::collections::BTreeMap;

use inference_protocol::LoadFailure;

use crate::Config;
use crate::model::{Bert, Part};
use crate::safetensors::{Entry, Number, damaged, half_to_f32, header_length, read_header};

/// Numbers that are converted at a time.
const AT_ONCE: usize = 1024;

/// A model that is being read.
#[derive(Debug)]
pub struct Assembly {
    config: Config,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first bytes; once there are 8, the length of the header is known.
    Header(Vec<u8>),
    Tensors(Box<Tensors>),
}

#[derive(Debug)]
struct Tensors {
    bert: Bert,
    /// In the order of their bytes, the last one first.
    waiting: Vec<Slot>,
    /// Bytes seen, counted from the end of the header.
    position: u64,
    /// The beginning of a number whose end has not come.
    rest: Vec<u8>,
}

/// Where the bytes of one tensor are, and where its numbers go.
#[derive(Debug)]
struct Slot {
    part: Part,
    number: Number,
    start: u64,
    end: u64,
    /// Numbers that have come.
    done: usize,
}

impl Assembly {
    /// Begins.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, state: State::Header(Vec::new()) }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// When the file is damaged or does not fit the configuration, when its numbers are of a type that is not read here,
    /// or when there is no memory for the weights.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), LoadFailure> {
        if let State::Header(header) = &mut self.state {
            let Some(tensors) = take_header(&self.config, header, &mut bytes)? else {
                return Ok(());
            };
            self.state = State::Tensors(Box::new(tensors));
        }
        match &mut self.state {
            State::Header(_) => Ok(()),
            State::Tensors(tensors) => {
                tensors.push(bytes);
                Ok(())
            }
        }
    }

    /// Ends.
    ///
    /// # Errors
    /// When bytes are missing.
    pub(crate) fn finish(self) -> Result<Bert, LoadFailure> {
        match self.state {
            State::Tensors(tensors) if tensors.waiting.is_empty() => Ok(tensors.bert),
            State::Tensors(_) | State::Header(_) => Err(damaged("the end is missing")),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

fn take_header(
    config: &Config,
    header: &mut Vec<u8>,
    bytes: &mut &[u8],
) -> Result<Option<Tensors>, LoadFailure> {
    let mut take = |wanted: usize, header: &mut Vec<u8>| {
        let missing = wanted.saturating_sub(header.len()).min(bytes.len());
        let (now, later) = bytes.split_at(missing);
        header.extend_from_slice(now);
        *bytes = later;
    };
    take(8, header);
    let Some(length) = header.first_chunk::<8>() else {
        return Ok(None);
    };
    let wanted = 8 + header_length(*length)?;
    take(wanted, header);
    if header.len() < wanted {
        return Ok(None);
    }
    let entries = read_header(&header[8..])?;
    let waiting = plan(config, &entries)?;
    let bert = Bert::zeroed(config).or(Err(LoadFailure::NoMemory))?;
    Ok(Some(Tensors { bert, waiting, position: 0, rest: Vec::with_capacity(4) }))
}

/// Finds every tensor of the model. Those of an encoder alone have plain names, those of larger models a prefix.
fn plan(config: &Config, entries: &BTreeMap<String, Entry>) -> Result<Vec<Slot>, LoadFailure> {
    let find = |name: &str| {
        let old =
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        [name.to_owned(), format!("bert.{name}"), old.clone(), format!("bert.{old}")]
            .iter()
            .find_map(|name| entries.get(name))
            .ok_or_else(|| damaged(format!("there is no tensor {name}")))
    };
    let mut slots = Vec::new();
    for part in Part::all(config) {
        let name = part.name();
        let entry = find(&name)?;
        let number = Number::read(&entry.dtype)?;
        let (start, end) = entry.data_offsets;
        let shape = part.shape(config);
        if entry.shape != shape.iter().map(|size| *size as u64).collect::<Vec<_>>() {
            return Err(damaged(format!("{name} has another shape than the configuration says")));
        }
        let bytes = shape.iter().map(|size| *size as u64).product::<u64>() * number.size() as u64;
        if end.checked_sub(start) != Some(bytes) {
            return Err(damaged(format!("{name} has not {bytes} bytes")));
        }
        slots.push(Slot { part, number, start, end, done: 0 });
    }
    slots.sort_by_key(|slot| slot.start);
    if slots.windows(2).any(|pair| pair[0].end > pair[1].start) {
        return Err(damaged("tensors overlap"));
    }
    slots.reverse();
    Ok(slots)
}

impl Tensors {
    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(slot) = self.waiting.last_mut() {
            // What nobody asked for lies between.
            let gap = slot.start.saturating_sub(self.position);
            let gap = bytes.len().min(usize::try_from(gap).unwrap_or(usize::MAX));
            bytes = &bytes[gap..];
            self.position += gap as u64;
            let left = usize::try_from(slot.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(left));
            if now.is_empty() && left > 0 {
                return;
            }
            slot.take(&mut self.bert, &mut self.rest, now);
            self.position += now.len() as u64;
            bytes = later;
            if self.position >= slot.end {
                self.waiting.pop();
            }
        }
    }
}

impl Slot {
    fn take(&mut self, bert: &mut Bert, rest: &mut Vec<u8>, mut bytes: &[u8]) {
        let size = self.number.size();
        if !rest.is_empty() {
            let missing = (size - rest.len()).min(bytes.len());
            rest.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if rest.len() < size {
                return;
            }
            let whole = std::mem::take(rest);
            self.put(bert, &whole);
        }
        let whole = bytes.len() / size * size;
        for chunk in bytes[..whole].chunks(AT_ONCE * size) {
            self.put(bert, chunk);
        }
        rest.extend_from_slice(&bytes[whole..]);
    }

    /// Whole numbers, [`AT_ONCE`] at most.
    fn put(&mut self, bert: &mut Bert, bytes: &[u8]) {
        let mut numbers = [0.0; AT_ONCE];
        let count = bytes.len() / self.number.size();
        let numbers = &mut numbers[..count];
        match self.number {
            Number::F32 => {
                for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                    *number = f32::from_le_bytes(*bytes);
                }
            }
            Number::F16 => {
                for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                    *number = half_to_f32(u16::from_le_bytes(*bytes));
                }
            }
            Number::Bf16 => {
                for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                    *number = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                }
            }
        }
        bert.put(self.part, self.done, numbers);
        self.done += count;
    }
}

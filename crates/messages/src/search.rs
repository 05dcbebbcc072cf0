//! Texts of the semantic search.

use inference_protocol::{Feature, LoadFailure, TextFailure};

use crate::count;

/// Heading of the part of a model's page.
pub const HEADING: &str = "Search a text by meaning";
/// What it is for.
pub const LEAD: &str = "Paste a text, or drop a file. The model reads it on this device, nothing is sent, and finds \
    the passages that mean what you look for, whatever their words.";
/// Said while the model is not on this device.
pub const ABSENT: &str = "This model can search a text by meaning, here in the page. That works once the model is on \
    this device.";
/// Label of the text.
pub const TEXT: &str = "Text";
/// Label of the choice of a file.
pub const FILE: &str = "Open a text file";
/// Button that begins.
pub const BEGIN: &str = "Search in this text";
/// Button that goes back to the text.
pub const CHANGE: &str = "Change the text";
/// Button that ends the reading.
pub const CANCEL: &str = "Cancel";
/// Label of what is looked for.
pub const QUERY: &str = "What do you look for?";
/// An example of that, for the sample text.
pub const EXAMPLE: &str = "for instance: how animals find their way";
/// What the bar is called.
pub const PROGRESS: &str = "Progress";
/// What the list of passages is called.
pub const FOUND: &str = "Passages, the closest first";
/// What the text is called in which they are marked.
pub const MARKED: &str = "The text, with the passages marked";
/// What the bar beside a passage is called.
pub const SIMILARITY: &str = "Similarity";
/// While the model is loaded.
pub const LOADING: &str = "Loading the model";
/// While the text is embedded.
pub const READING: &str = "Reading the text";
/// No passage is similar.
pub const NOTHING: &str = "No passage comes close to that.";
/// A file that is not text.
pub const NO_TEXT: &str = "This file is not a text. Choose one that is, such as .txt or .md.";
/// A text that is too long.
pub const TOO_LONG: &str = "This text is too long to be searched here: 2 MB are the most. Take a part.";

/// The whole text can be searched.
#[must_use]
pub fn ready(passages: usize) -> String {
    format!("{} can be searched", count(passages, "passage", "passages"))
}

/// The reading was ended.
#[must_use]
pub fn stopped(done: usize, passages: usize) -> String {
    format!("Stopped: {done} of {} can be searched", count(passages, "passage", "passages"))
}

/// How far the reading is.
#[must_use]
pub fn reach(done: u32, total: u32) -> String {
    format!("{done} of {total} passages")
}

/// How similar a passage is: 1 is the same.
#[must_use]
pub fn similarity(of_one: f32) -> String {
    format!("{} %", percent(of_one))
}

/// The same as a number.
#[must_use]
pub fn percent(of_one: f32) -> u32 {
    // Below zero there is nothing in common either; the conversion ends there.
    (of_one * 100.0) as u32
}

/// Read aloud when something was found.
#[must_use]
pub fn found(hits: usize, best: f32) -> String {
    format!("{} found, the closest one {} similar", count(hits, "passage", "passages"), similarity(best))
}

/// Why the model cannot be used, and what to do.
#[must_use]
pub fn load_failure(failure: &LoadFailure) -> String {
    match failure {
        LoadFailure::Program(detail) => {
            let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
            format!(
                "The program that reads texts could not be loaded{detail}. It comes from the server the first time: \
                 look whether that can be reached, then try again."
            )
        }
        LoadFailure::NotReady => {
            "Parts of the model are gone from this device. Reload the page, and resume the download."
                .to_owned()
        }
        LoadFailure::Missing(file) => format!("This model has no {file}, so it cannot search."),
        LoadFailure::Unsupported { feature, found } => {
            format!("This model cannot search here: {} {found} is not supported.", feature_name(*feature))
        }
        LoadFailure::Damaged { file, detail } => {
            format!("The file {file} of this model is not right ({detail}), so it cannot search.")
        }
        LoadFailure::NoMemory => NO_MEMORY.to_owned(),
        LoadFailure::Storage(detail) => {
            format!("The browser’s storage failed ({detail}). Reload the page, then try again.")
        }
        LoadFailure::AlreadyLoaded => {
            "Something went wrong here. Reload the page, then try again.".to_owned()
        }
    }
}

const NO_MEMORY: &str =
    "This device has too little memory free. Close other tabs or programs, then try again.";

fn feature_name(feature: Feature) -> &'static str {
    match feature {
        Feature::Architecture => "the architecture",
        Feature::Positions => "the kind of positions",
        Feature::Activation => "the activation",
        Feature::Pooling => "the pooling",
        Feature::Module => "the step",
        Feature::NumberType => "the type of numbers",
        Feature::Tokenizer => "the tokenizer",
    }
}

/// Why a text or a query could not be read, and what to do.
#[must_use]
pub fn text_failure(failure: &TextFailure) -> String {
    match failure {
        TextFailure::Empty => "There is no text yet: paste one, or drop a file.".to_owned(),
        TextFailure::NotLoaded | TextFailure::UnknownJob => {
            "Something went wrong here. Reload the page, then try again.".to_owned()
        }
        TextFailure::Tokenizer(detail) => {
            format!("The model cannot read this text ({detail}). Take another one.")
        }
        TextFailure::NoMemory => NO_MEMORY.to_owned(),
    }
}

/// A text to try it with.
pub const SAMPLE: &str = "\
The lamp on Holm Rock was first lit in the autumn of 1871. Before that, the reef sank three or four coasters every \
winter. Its keeper climbed two hundred and twelve steps with a can of oil in each hand. In fog he rang a bell by hand, \
once every half minute, sometimes for two days on end. Today a sensor switches the light on at dusk, and nobody lives \
there any more.

A sourdough is never in a hurry. Flour and water are left on the windowsill until wild yeast moves in. The mixture is \
fed each morning, and after a week it doubles in size before noon. Steam in the first ten minutes keeps the crust soft \
enough to rise. A loaf that sounds hollow when you knock on its bottom is done. Let it cool for an hour, however hard \
that is.

Swallows that hatched in May leave for Africa in September, without their parents. They steer by the sun, by the stars \
and by the magnetism of the Earth. Young eels drift across the Atlantic for two years and still end up in the rivers of \
Europe. Salmon return to the very brook of their birth, led by its smell. A homing pigeon that is carried off in a closed \
box circles once and turns towards its loft.

The surgeon washed her hands for four minutes and said nothing. The boy on the table had swallowed a coin, and it had \
stuck. With a thin tube and a small pair of tongs she had it out before the kettle in the staff room boiled. He was \
allowed to keep it. His mother cried only when it was over.

Whoever lends money wants more of it back. The difference is called interest, and it grows on itself. A hundred crowns \
at seven per cent have become two hundred after ten years. That holds for debts as well, which is why small loans can \
ruin a household. Central banks raise the rate when prices climb too fast, and lower it when people lose their jobs.

Under the island, rock melts at a depth of thirty kilometres. For weeks the ground had trembled, too faintly for anybody \
but the instruments. Then the meadow behind the church opened, and a curtain of fire stood where the sheep had grazed. \
The village was empty within two hours, since everyone had practised it. By spring the lava had made a new cape, black \
and still warm.

My grandfather played chess by post with a man in Montevideo. A game took about six years. They never met, and wrote \
nothing on the cards but a move and the weather. When the last card came in another handwriting, he set up the board \
once more and laid down his king. Then he put on his hat and went out into the rain.

A computer forgets everything when the power goes, unless it was written down on a disk. Programs therefore keep a \
journal of what they are about to do. If the machine stops in the middle, the journal tells it at the next start what \
was left undone. People with an unreliable memory do the same with a notebook.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_whole_per_cent() {
        assert_eq!([similarity(0.876), similarity(-0.3), similarity(1.0)], ["87 %", "0 %", "100 %"]);
    }

    #[test]
    fn every_failure_says_what_to_do_or_why_nothing_can_be_done() {
        let failures = [
            LoadFailure::Program("404".to_owned()),
            LoadFailure::NotReady,
            LoadFailure::NoMemory,
            LoadFailure::Storage("x".to_owned()),
            LoadFailure::AlreadyLoaded,
        ];
        for failure in failures {
            let sentence = load_failure(&failure);
            assert!(["try again", "resume"].iter().any(|what| sentence.contains(what)), "{sentence}");
        }
    }
}

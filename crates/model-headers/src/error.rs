//! Why a header cannot be understood.

use std::io;

use thiserror::Error;

/// What is wrong with a file. Its text completes "cannot be read: ".
#[derive(Debug, Error)]
pub enum HeaderError {
    /// The bytes could not be had. The file may be all right another time.
    #[error(transparent)]
    Read(io::Error),
    /// The file ends before its header does.
    #[error("the file ends inside its header")]
    Ended,
    /// The file continues after its last tensor.
    #[error("the file goes on after its last tensor")]
    Longer,
    /// The first bytes are not those of the format.
    #[error("it does not begin as its name says")]
    Foreign,
    /// A version of the format that is not known here.
    #[error("it has version {0} of its format, which is not known here")]
    Version(u32),
    /// A length or a count is larger than any real file needs, or than the file itself.
    #[error("{what} is {found}, which cannot be")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The number in the file.
        found: u64,
    },
    /// JSON that is damaged or of another shape.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A text is not valid UTF-8.
    #[error("a text in it is not valid UTF-8")]
    Text,
    /// A value of a type that the format does not have.
    #[error("it has a value of type {0}, which is not known here")]
    ValueType(u32),
    /// A tensor's description contradicts itself or the file.
    #[error("the tensor \"{name}\" {fault}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// What is wrong.
        #[source]
        fault: TensorFault,
    },
    /// Another file that this one names is not there.
    #[error("{0} is missing")]
    Missing(String),
}

/// What is wrong with a tensor.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TensorFault {
    /// Its name is there twice.
    #[error("is there twice")]
    Twice,
    /// More dimensions than tensors have.
    #[error("has too many dimensions")]
    Dimensions,
    /// More numbers than can be counted.
    #[error("has more numbers than any file can hold")]
    Overflow,
    /// Its shape and its type need another number of bytes than it has.
    #[error("has a size that does not fit its shape and type")]
    Size,
    /// Its bytes do not begin where those of the tensor before end.
    #[error("does not begin where the one before ends")]
    Place,
    /// The file ends before its bytes do.
    #[error("ends after the end of the file, which is cut short")]
    Cut,
}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Read(error) }
    }
}

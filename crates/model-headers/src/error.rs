//! Why a header cannot be understood.

use std::fmt;
use std::io;

/// What is wrong with a file. Its text completes "cannot be read: ".
#[derive(Debug)]
pub enum HeaderError {
    /// The bytes could not be had. The file may be all right another time.
    Read(io::Error),
    /// The file ends before its header does.
    Ended,
    /// The file goes on after its last tensor.
    Longer,
    /// The first bytes are not those of the format.
    Foreign,
    /// A version of the format that is not known here.
    Version(u32),
    /// A length or a count is larger than any real file needs, or than the file itself.
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The number in the file.
        found: u64,
    },
    /// JSON that is damaged or of another shape.
    Json(serde_json::Error),
    /// A text is not valid UTF-8.
    Text,
    /// A value of a type that the format does not have.
    ValueType(u32),
    /// A tensor's description contradicts itself or the file.
    Tensor {
        /// The tensor's name.
        name: String,
        /// What is wrong.
        fault: TensorFault,
    },
    /// Another file that this one names is not there.
    Missing(String),
}

/// What is wrong with a tensor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TensorFault {
    /// Its name is there twice.
    Twice,
    /// More dimensions than tensors have.
    Dimensions,
    /// More numbers than can be counted.
    Overflow,
    /// Its shape and its type need another number of bytes than it has.
    Size,
    /// Its bytes do not begin where those of the tensor before end.
    Place,
    /// The file ends before its bytes do.
    Cut,
}

impl fmt::Display for TensorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Twice => "is there twice",
            Self::Dimensions => "has too many dimensions",
            Self::Overflow => "has more numbers than any file can hold",
            Self::Size => "has a size that does not fit its shape and type",
            Self::Place => "does not begin where the one before ends",
            Self::Cut => "ends after the end of the file, which is cut short",
        })
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "{error}"),
            Self::Ended => f.write_str("the file ends inside its header"),
            Self::Longer => f.write_str("the file goes on after its last tensor"),
            Self::Foreign => f.write_str("it does not begin as its name says"),
            Self::Version(found) => {
                write!(f, "it has version {found} of its format, which is not known here")
            }
            Self::TooMuch { what, found } => write!(f, "{what} is {found}, which cannot be"),
            Self::Json(error) => write!(f, "{error}"),
            Self::Text => f.write_str("a text in it is not valid UTF-8"),
            Self::ValueType(found) => write!(f, "it has a value of type {found}, which is not known here"),
            Self::Tensor { name, fault } => write!(f, "the tensor \"{name}\" {fault}"),
            Self::Missing(path) => write!(f, "{path} is missing"),
        }
    }
}

impl std::error::Error for HeaderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Json(error) => Some(error),
            Self::Ended
            | Self::Longer
            | Self::Foreign
            | Self::Version(_)
            | Self::TooMuch { .. }
            | Self::Text
            | Self::ValueType(_)
            | Self::Tensor { .. }
            | Self::Missing(_) => None,
        }
    }
}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Read(error) }
    }
}

impl From<serde_json::Error> for HeaderError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

//! How a fetch ended, in the words of the specification.

/// How a fetch ended (`BackgroundFetchResult`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FetchResult {
    /// Not yet.
    Pending,
    /// Every response had a good status. Bodies may be missing all the same.
    Success,
    /// At least one request has no good response; see [`Registration::failure_reason`](crate::Registration::failure_reason).
    Failure,
}

impl FetchResult {
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "success" => Self::Success,
            "failure" => Self::Failure,
            // The specification has only "" besides the two.
            _ => Self::Pending,
        }
    }
}

/// Why a fetch failed (`BackgroundFetchFailureReason`).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum FailureReason {
    /// It has not, so far.
    None,
    /// The user or the program stopped it.
    Aborted,
    /// A response had a status outside 200..=299.
    BadStatus,
    /// The network, a CORS refusal, or the browser's own exit.
    FetchError,
    /// No room.
    QuotaExceeded,
    /// More bytes than announced.
    DownloadTotalExceeded,
    /// A reason that this crate does not know, in the browser's word.
    Other(String),
}

impl FailureReason {
    pub(crate) fn of(text: String) -> Self {
        match text.as_str() {
            "" => Self::None,
            "aborted" => Self::Aborted,
            "bad-status" => Self::BadStatus,
            "fetch-error" => Self::FetchError,
            "quota-exceeded" => Self::QuotaExceeded,
            "download-total-exceeded" => Self::DownloadTotalExceeded,
            _ => Self::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_specification_are_known() {
        for (text, reason) in [
            ("", FailureReason::None),
            ("aborted", FailureReason::Aborted),
            ("bad-status", FailureReason::BadStatus),
            ("fetch-error", FailureReason::FetchError),
            ("quota-exceeded", FailureReason::QuotaExceeded),
            ("download-total-exceeded", FailureReason::DownloadTotalExceeded),
            ("sunspots", FailureReason::Other("sunspots".to_owned())),
        ] {
            assert_eq!(FailureReason::of(text.to_owned()), reason);
        }
        for (text, result) in
            [("", FetchResult::Pending), ("success", FetchResult::Success), ("failure", FetchResult::Failure)]
        {
            assert_eq!(FetchResult::of(text), result);
        }
    }
}

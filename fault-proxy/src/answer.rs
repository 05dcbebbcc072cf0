//! From a request to its answer: asks upstream, or not, and puts the faults in.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::body::{BodyFaults, FaultyBody, Source};
use crate::connection::Connection;
use crate::error::Error;
use crate::log::{Ended, Log};
use crate::rule::{Answer, Faults, Replace};
use crate::rules::Rules;
use crate::upstream::Upstream;

/// Answers one request, with the faults that the rules have for it.
pub(crate) async fn answer(
    request: Request<Incoming>,
    rules: &Rules,
    log: &Log,
    upstream: &Upstream,
    connection: Arc<Connection>,
) -> Response<FaultyBody> {
    let entry = log.begin(&request);
    connection.begin(&entry);
    let (mut faults, names) = rules.apply(&request);
    entry.faults(names);
    if let Some(delay) = faults.delay {
        tokio::time::sleep(delay).await;
    }
    let without_body = request.method() == Method::HEAD;
    let response = match faults.answer.take() {
        Some(answer) => Ok(own(answer, without_body)),
        None => ask(request, &faults, upstream).await,
    };
    let response = response.unwrap_or_else(|error| {
        entry.will_be(Ended::UpstreamGone);
        let body = Bytes::from(format!("fault-proxy: {error}\n"));
        own(Answer { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new(), body }, without_body)
    });
    let (mut head, source) = response.into_parts();
    entry.status(head.status.as_u16());
    // A head alone says what it would with its body.
    let has_body = without_body || source.left() != Some(0);
    let body_faults = put_in(&faults, head.status, has_body, &mut head.headers);
    Response::from_parts(head, FaultyBody::new(source, &body_faults, entry, connection))
}

/// An answer that upstream has no part in.
fn own(answer: Answer, head_only: bool) -> Response<Source> {
    let without_body =
        head_only || matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let length = answer.body.len();
    let mut response = Response::new(Source::Own((!without_body).then_some(answer.body)));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if !matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CONTENT_LENGTH, length.into());
    }
    headers.extend(answer.headers);
    response
}

async fn ask(
    mut request: Request<Incoming>,
    faults: &Faults,
    upstream: &Upstream,
) -> Result<Response<Source>, Error> {
    let headers = request.headers_mut();
    remove_hop_by_hop(headers);
    if faults.ignore_range == Some(true) {
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
    }
    if faults.gzip == Some(true) || faults.replace.is_some() {
        // What is to be compressed or searched must not be compressed already.
        headers.remove(ACCEPT_ENCODING);
    }
    if faults.replace.is_some() {
        // Else a client that has the true one would be told to keep it.
        headers.remove(IF_NONE_MATCH);
        headers.remove(IF_MODIFIED_SINCE);
    }
    let (mut head, body) = upstream.ask(request).await?.into_parts();
    remove_hop_by_hop(&mut head.headers);
    let source = match &faults.replace {
        Some(replacement) => {
            let mut bytes = body.collect().await?;
            replace(&mut bytes, replacement);
            Source::Own(Some(bytes.into()))
        }
        None => Source::Upstream(body),
    };
    Ok(Response::from_parts(head, source))
}

/// Puts the faults of the head into it, and returns those of the body.
fn put_in(faults: &Faults, status: StatusCode, has_body: bool, headers: &mut HeaderMap) -> BodyFaults {
    let first = if status == StatusCode::PARTIAL_CONTENT { first_byte(headers) } else { 0 };
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let (Some(most), Some(length)) = (faults.truncate_to, length) {
        headers.insert(CONTENT_LENGTH, most.min(length).into());
    }
    let has_body = has_body && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let gzip = faults.gzip == Some(true) && has_body && !headers.contains_key(CONTENT_ENCODING);
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.remove(CONTENT_LENGTH);
    }
    for name in faults.drop_headers.iter().flatten() {
        headers.remove(name);
    }
    for (name, value) in faults.set_headers.iter().flatten() {
        headers.insert(name, value.clone());
    }
    BodyFaults {
        corrupt_at: faults.corrupt_at.and_then(|at| at.checked_sub(first)),
        truncate_to: faults.truncate_to,
        gzip,
        bytes_per_second: faults.bytes_per_second,
        stall_at: faults.stall_at,
        cut: faults.cut,
    }
}

/// The place in the representation at which a part begins (RFC 9110, section 14.4).
fn first_byte(headers: &HeaderMap) -> u64 {
    headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok())
        .unwrap_or(0)
}

/// RFC 9110, section 7.6.1.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
}

fn replace(bytes: &mut [u8], replacement: &Replace) {
    let (from, to) = (replacement.from.as_bytes(), replacement.to.as_bytes());
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
            at += from.len();
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced() {
        let mut bytes = b"one two one on".to_vec();
        replace(&mut bytes, &Replace { from: "one".to_owned(), to: "six".to_owned() });
        assert_eq!(bytes, b"six two six on");
    }

    #[test]
    fn headers_for_one_connection_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip"),
            ("etag", "\"a\""),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["etag"]);
    }
}

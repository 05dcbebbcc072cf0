//! `/api/models`: all models, or those that match a query, in the hub's shape.
//!
//! Other parameters of hub clients (tags, sorting by likes, more or fewer fields) have no meaning here and
//! are ignored.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use form_urlencoded::{Serializer, parse};
use protocol::{ModelId, ModelInfo};

use super::hub::send;
use crate::http::{ErrorFormat, Refusal, ascii};
use crate::index::Document;
use crate::state::ServerState;

pub(super) async fn get(
    State(state): State<ServerState>,
    method: Method,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Response {
    let snapshot = state.index.snapshot();
    let query = match ListQuery::of(query.as_deref().unwrap_or_default()) {
        Ok(query) => query,
        Err(refusal) => return refusal.answer(ErrorFormat::Json),
    };
    if query == ListQuery::default() {
        return send(&method, &request, snapshot.models_document(), HeaderMap::new());
    }
    let (page, next) = query.page(&snapshot.report().models);
    // Text keys only: it cannot fail.
    let listing = Document::of(&page).unwrap_or_else(|_| Document::new("[]".into(), "application/json"));
    let fields = next.map(|link| (header::LINK, link)).into_iter().collect();
    send(&method, &request, &listing, fields)
}

/// Which models are asked for. A key that comes twice counts as it came first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct ListQuery {
    /// Parts of the name, which must all be there, in any case.
    search: Vec<String>,
    author: Option<String>,
    pipeline_tag: Option<String>,
    /// So many at a time.
    limit: Option<usize>,
    /// Those behind this one.
    cursor: Option<ModelId>,
}

impl ListQuery {
    fn of(text: &str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        for (key, value) in parse(text.as_bytes()) {
            let place = match &*key {
                "search" if query.search.is_empty() => {
                    query.search = value.split_whitespace().map(str::to_lowercase).collect();
                    continue;
                }
                "limit" if query.limit.is_none() => {
                    let limit = value.parse().ok().filter(|limit| *limit > 0);
                    let wrong = || Refusal::Query {
                        key: "limit",
                        value: value.to_string(),
                        expected: "a number of models from 1 on",
                    };
                    query.limit = Some(limit.ok_or_else(wrong)?);
                    continue;
                }
                "cursor" if query.cursor.is_none() => {
                    let wrong = || Refusal::Query {
                        key: "cursor",
                        value: value.to_string(),
                        expected: "the name of a model, owner/name",
                    };
                    query.cursor = Some(value.parse().or(Err(wrong()))?);
                    continue;
                }
                "author" => &mut query.author,
                "pipeline_tag" => &mut query.pipeline_tag,
                _ => continue,
            };
            place.get_or_insert(value.into_owned());
        }
        Ok(query)
    }

    fn names(&self, model: &ModelInfo) -> bool {
        let lower = model.id.to_string().to_lowercase();
        self.search.iter().all(|part| lower.contains(part))
            && self.author.as_ref().is_none_or(|author| author == model.id.owner())
            && self.pipeline_tag.as_ref().is_none_or(|tag| Some(tag) == model.pipeline_tag.as_ref())
            && self.cursor.as_ref().is_none_or(|cursor| *cursor < model.id)
    }

    /// What is asked for, and where the next ones are (RFC 8288), if there are more.
    fn page<'a>(&self, models: &'a [ModelInfo]) -> (Vec<&'a ModelInfo>, Option<HeaderValue>) {
        let mut found = models.iter().filter(|model| self.names(model));
        let page: Vec<&ModelInfo> = found.by_ref().take(self.limit.unwrap_or(usize::MAX)).collect();
        let next = page.last().filter(|_| found.next().is_some()).map(|last| self.after(&last.id));
        (page, next)
    }

    fn after(&self, cursor: &ModelId) -> HeaderValue {
        let mut query = Serializer::new(String::new());
        for (key, value) in [
            ("search", Some(self.search.join(" ")).filter(|search| !search.is_empty())),
            ("author", self.author.clone()),
            ("pipeline_tag", self.pipeline_tag.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", Some(cursor.to_string())),
        ] {
            query.extend_pairs(value.map(|value| (key, value)));
        }
        ascii(format!("<{}?{}>; rel=\"next\"", protocol::routes::MODELS, query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_values_counts_and_what_means_nothing_is_ignored() {
        let query =
            ListQuery::of("limit=2&limit=x&search=A+b%20C&search=d&author=o&sort=likes&author=p&%ff=&=&")
                .unwrap();
        assert_eq!((query.limit, query.author.as_deref()), (Some(2), Some("o")));
        assert_eq!(query.search, ["a", "b", "c"]);
        assert_eq!(ListQuery::of("full=True&sort=downloads").unwrap(), ListQuery::default());
        for wrong in ["limit=0", "limit=-1", "limit=", "limit=99999999999999999999", "cursor=x"] {
            assert!(ListQuery::of(wrong).is_err(), "{wrong}");
        }
    }
}

//! Lists are served in pages: `limit` and an opaque `cursor`.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{Answer, Refusal};

/// Items of a page when the caller does not say.
pub(crate) const LIMIT_DEFAULT: usize = 100;
/// Most items of a page: bounds the memory that one request takes.
pub(crate) const LIMIT_MAX: usize = 1_000;
/// Longest cursor, bytes: twice the longest key that makes one.
const CURSOR_BYTES_MAX: usize = 512;

/// Parameters of every list: flattening does not survive query strings, so each list names the two
/// again and makes this of them.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Items in the page, 100 by default, at most 1,000.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Cursor of the page that follows; `null` on the last one.
    pub next: Option<String>,
}

impl Paging {
    /// The parameters of a list that names more of its own.
    pub(crate) fn new(limit: Option<String>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// The cursor that [`Self::after`] reads back as this key.
    pub(crate) fn cursor(key: &str) -> String {
        BASE64URL_NOPAD.encode(key.as_bytes())
    }

    /// Number of items asked for.
    pub(crate) fn limit(&self) -> Answer<usize> {
        let Some(text) = &self.limit else {
            return Ok(LIMIT_DEFAULT);
        };
        match text.parse() {
            Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
            _ => Err(Refusal::parameter(
                "limit",
                format!("{text:?} is not a number from 1 to {LIMIT_MAX}"),
            )),
        }
    }

    /// Key of the last item of the page before.
    pub(crate) fn after(&self) -> Answer<Option<String>> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let refused = || Refusal::parameter("cursor", "not a cursor of this list");
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(refused());
        }
        let bytes = BASE64URL_NOPAD
            .decode(cursor.as_bytes())
            .map_err(|_| refused())?;
        String::from_utf8(bytes).map(Some).map_err(|_| refused())
    }
}

/// The cursor that leads to what follows a key.
pub(crate) fn cursor(key: &str) -> String {
    BASE64URL_NOPAD.encode(key.as_bytes())
}

/// Cuts a list, already ordered by `key` and already starting after the cursor, to one page. The
/// list may hold more than a page; one more item than the page is enough to know that there is a
/// next one.
pub(crate) fn page<T>(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> String) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| cursor(&key(last)));
    Page { items, next }
}

/// As [`page`], of what is still to be brought into the shape of an answer.
pub(crate) fn page_by<T, U>(
    found: Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> String,
    shape: impl Fn(&T) -> U,
) -> Page<U> {
    let cut = page(found, limit, key);
    Page {
        items: cut.items.iter().map(shape).collect(),
        next: cut.next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(limit: Option<&str>, cursor: Option<&str>) -> Paging {
        Paging {
            limit: limit.map(str::to_owned),
            cursor: cursor.map(str::to_owned),
        }
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all: Vec<u32> = (0..7).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let paging = asked(Some("3"), cursor.as_deref());
            let after: Option<u32> = paging.after().unwrap().map(|key| key.parse().unwrap());
            let rest = all
                .iter()
                .copied()
                .filter(|n| after.is_none_or(|a| *n > a))
                .collect();
            let page = page(rest, paging.limit().unwrap(), u32::to_string);
            seen.extend(page.items);
            let Some(next) = page.next else { break };
            cursor = Some(next);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn limits_and_cursors_out_of_range_are_refused() {
        for wrong in ["0", "1001", "-1", "ten", ""] {
            assert!(asked(Some(wrong), None).limit().is_err(), "{wrong}");
        }
        for wrong in ["!", "//8", "____"] {
            assert!(asked(None, Some(wrong)).after().is_err(), "{wrong}");
        }
        assert_eq!(asked(None, None).limit().unwrap(), LIMIT_DEFAULT);
    }
}

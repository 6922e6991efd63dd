//! What a request for features asks. A parameter that nobody knows is refused (OGC 17-069r4,
//! requirement 8): a filter that was misspelt must not answer with everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::extract::{Query, rejection::QueryRejection};
use jiff::Timestamp;

use crate::api::error::{Answer, Refusal};
use crate::api::paging::{LIMIT_DEFAULT, LIMIT_MAX, Paging};

/// The parameters as they came.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Longest value of a parameter, bytes.
const VALUE_BYTES_MAX: usize = 600;

/// What is asked of a collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Asked {
    /// West, south, east, north; west may be greater: over the date line.
    pub(super) bbox: Option<[f64; 4]>,
    /// From and to, Unix milliseconds, both included; `None`: open.
    pub(super) from_unix_ms: Option<i64>,
    pub(super) to_unix_ms: Option<i64>,
    /// Most features of the page.
    pub(super) limit: usize,
    /// Where the page begins, as a key of the collection.
    pub(super) after: Option<String>,
    /// The same as it came.
    pub(super) cursor: Option<String>,
    /// All but the cursor, as they came, for the links.
    given: Parameters,
}

/// Refuses every parameter.
pub(super) fn without_parameters(asked: Result<Query<Parameters>, QueryRejection>) -> Answer<()> {
    let asked = crate::api::query(asked)?;
    // "f=json" is what several programs add; JSON is all there is.
    let other = asked.iter().find(|(name, value)| !is_format(name, value));
    other.map_or(Ok(()), |(name, _)| Err(unknown(name)))
}

fn is_format(name: &str, value: &str) -> bool {
    name == "f"
        && [
            "json",
            "geojson",
            "application/geo+json",
            "application/json",
        ]
        .contains(&value)
}

fn unknown(name: &str) -> Refusal {
    Refusal::parameter(name, "no such parameter")
}

impl Asked {
    pub(super) fn read(mut parameters: Parameters) -> Answer<Self> {
        parameters.retain(|name, value| !is_format(name, value));
        if let Some((name, _)) = parameters
            .iter()
            .find(|(_, value)| value.len() > VALUE_BYTES_MAX)
        {
            return Err(Refusal::parameter(
                name,
                format!("longer than {VALUE_BYTES_MAX} bytes"),
            ));
        }
        let mut asked = Self {
            limit: LIMIT_DEFAULT,
            ..Self::default()
        };
        for (name, value) in &parameters {
            match name.as_str() {
                "bbox" => asked.bbox = Some(bbox(value)?),
                "datetime" => (asked.from_unix_ms, asked.to_unix_ms) = datetime(value)?,
                "limit" => asked.limit = limit(value)?,
                "cursor" => {
                    asked.after = Paging::new(None, Some(value.clone())).after()?;
                    asked.cursor = Some(value.clone());
                }
                other => return Err(unknown(other)),
            }
        }
        parameters.remove("cursor");
        asked.given = parameters;
        Ok(asked)
    }

    /// Whether a position is in the box, borders included.
    pub(super) fn holds(&self, longitude: f64, latitude: f64) -> bool {
        let Some([west, south, east, north]) = self.bbox else {
            return true;
        };
        let across = if west <= east {
            (west..=east).contains(&longitude)
        } else {
            longitude >= west || longitude <= east
        };
        across && (south..=north).contains(&latitude)
    }

    /// The path of a page with the same filters.
    pub(super) fn path(&self, path: &str, cursor: Option<&str>) -> String {
        let mut given = self.given.clone();
        given.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.to_owned())));
        let pairs = given
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        let pairs = pairs.collect::<Vec<_>>().join("&");
        if pairs.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{pairs}")
        }
    }
}

/// A value as it stands in an address (RFC 3986, 2.3).
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,:/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.replace('/', "%2F")
}

/// More than the most is the most (OGC 17-069r4, 7.15.3: a server may answer with fewer).
fn limit(text: &str) -> Answer<usize> {
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(LIMIT_MAX)),
        _ => Err(Refusal::parameter(
            "limit",
            format!("{text:?} is not a number from 1"),
        )),
    }
}

/// Four numbers, or six with heights, which are left.
fn bbox(text: &str) -> Answer<[f64; 4]> {
    let refused = |reason: &str| Refusal::parameter("bbox", format!("{text:?}: {reason}"));
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse::<f64>())
        .collect::<Result<_, _>>()
        .map_err(|_| refused("not west,south,east,north"))?;
    let bbox = match numbers.as_slice() {
        [west, south, east, north] | [west, south, _, east, north, _] => {
            [*west, *south, *east, *north]
        }
        _ => return Err(refused("not four numbers, or six")),
    };
    let [west, south, east, north] = bbox;
    let longitudes = [west, east].iter().all(|x| (-180.0..=180.0).contains(x));
    let latitudes = [south, north].iter().all(|y| (-90.0..=90.0).contains(y));
    if !longitudes || !latitudes || south > north {
        return Err(refused("beyond 180 or 90 degrees, or south above north"));
    }
    Ok(bbox)
}

/// A moment or an interval, of which one end may be open.
fn datetime(text: &str) -> Answer<(Option<i64>, Option<i64>)> {
    let refused = || {
        let reason = format!("{text:?} is neither a time of RFC 3339 nor an interval of two");
        Refusal::parameter("datetime", reason)
    };
    let moment = |text: &str| -> Answer<Option<i64>> {
        if text.is_empty() || text == ".." {
            return Ok(None);
        }
        let at: Timestamp = text.parse().map_err(|_| refused())?;
        Ok(Some(at.as_millisecond()))
    };
    let Some((from, to)) = text.split_once('/') else {
        let at = moment(text)?.ok_or_else(refused)?;
        return Ok((Some(at), Some(at)));
    };
    let (from, to) = (moment(from)?, moment(to)?);
    let backwards = matches!((from, to), (Some(from), Some(to)) if from > to);
    if backwards || (from, to) == (None, None) {
        return Err(refused());
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Answer<Asked> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Asked::read(pairs.collect())
    }

    #[test]
    fn filters_are_read_and_refused() {
        let asked = read(&[("bbox", "11,-5,18.5,3.7"), ("limit", "5000"), ("f", "json")]).unwrap();
        assert_eq!(asked.limit, LIMIT_MAX);
        assert!(asked.holds(15.0, -4.0) && asked.holds(11.0, 3.7));
        assert!(!asked.holds(10.9, 0.0));
        let across = read(&[("bbox", "170,-20,0,-170,20,9")]).unwrap();
        assert!(across.holds(-175.0, 0.0) && across.holds(175.0, 0.0));
        assert!(!across.holds(0.0, 0.0));
        let from = read(&[("datetime", "2026-06-01T00:00:00Z/..")]).unwrap();
        assert_eq!(
            (from.from_unix_ms, from.to_unix_ms),
            (Some(1_780_272_000_000), None)
        );
        for wrong in [
            ("bbox", "1,2,3"),
            ("bbox", "1,2,3,x"),
            ("bbox", "1,5,3,4"),
            ("bbox", "NaN,1,2,3"),
            ("limit", "0"),
            ("datetime", "../.."),
            ("datetime", "yesterday"),
            ("datetime", "2026-06-02T00:00:00Z/2026-06-01T00:00:00Z"),
            ("bboxx", "1,2,3,4"),
            ("cursor", "!"),
        ] {
            assert!(read(&[wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn links_keep_the_filters() {
        let asked = read(&[("datetime", "2026-06-01T00:00:00+01:00/.."), ("limit", "2")]).unwrap();
        assert_eq!(
            asked.path("/items", Some("abc")),
            "/items?cursor=abc&datetime=2026-06-01T00:00:00%2B01:00%2F..&limit=2"
        );
        assert_eq!(read(&[]).unwrap().path("/items", None), "/items");
        assert_eq!(encoded("a/b é"), "a%2Fb%20%C3%A9");
    }
}

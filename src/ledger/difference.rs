//! Where two documents differ, named as a person would look for it: site, day or outage, field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Differences that are listed at most.
pub const DIFFERENCES_MAX: usize = 10_000;

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// The site; `null` for what concerns all.
    pub site: Option<String>,
    /// The day, the outage, the exclusion: whatever the value belongs to.
    pub part: Option<String>,
    /// The field.
    pub field: String,
    /// What one says; `null` where it says nothing.
    #[schema(value_type = Option<String>)]
    pub stated: Option<String>,
    /// What the other says.
    #[schema(value_type = Option<String>)]
    pub recomputed: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nothing = "nothing".to_owned();
        let stated = self.stated.as_ref().unwrap_or(&nothing);
        let recomputed = self.recomputed.as_ref().unwrap_or(&nothing);
        write!(
            f,
            "{}: {stated} is stated, {recomputed} is recomputed",
            self.place()
        )
    }
}

impl Difference {
    /// Site, part and field.
    #[must_use]
    pub fn place(&self) -> String {
        let parts = [self.site.as_ref(), self.part.as_ref(), Some(&self.field)];
        parts
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The same in French.
    #[must_use]
    pub fn in_french(&self) -> String {
        let nothing = "rien".to_owned();
        let stated = self.stated.as_ref().unwrap_or(&nothing);
        let recomputed = self.recomputed.as_ref().unwrap_or(&nothing);
        format!(
            "{} : {stated} indiqué, {recomputed} recalculé",
            self.place()
        )
    }
}

/// Differences of two documents, in the order of the first; fields of these names are not looked at.
#[must_use]
pub fn differences(stated: &Value, recomputed: &Value, without: &[&str]) -> Vec<Difference> {
    let mut walk = Walk {
        without,
        site: None,
        part: None,
        found: Vec::new(),
    };
    walk.value(String::new(), Some(stated), Some(recomputed));
    walk.found
}

struct Walk<'a> {
    without: &'a [&'a str],
    site: Option<String>,
    part: Option<String>,
    found: Vec<Difference>,
}

/// What names an item of a list: the site, the day, the start of an outage, the number of an exclusion.
const NAMES: [&str; 4] = ["date", "start", "id", "name"];

impl Walk<'_> {
    fn value(&mut self, path: String, stated: Option<&Value>, recomputed: Option<&Value>) {
        if stated == recomputed || self.found.len() >= DIFFERENCES_MAX {
            return;
        }
        match (stated, recomputed) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                self.object(&path, one, other);
            }
            (Some(Value::Array(one)), Some(Value::Array(other))) => self.list(&path, one, other),
            _ => self.found.push(Difference {
                site: self.site.clone(),
                part: self.part.clone(),
                field: path,
                stated: stated.map(text),
                recomputed: recomputed.map(text),
            }),
        }
    }

    fn object(&mut self, path: &str, one: &Map<String, Value>, other: &Map<String, Value>) {
        let more = other.keys().filter(|name| !one.contains_key(*name));
        let names: Vec<&String> = one.keys().chain(more).collect();
        for name in names {
            if self.without.contains(&name.as_str()) {
                continue;
            }
            let inner = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            self.value(inner, one.get(name), other.get(name));
        }
    }

    /// Items that are named are compared with those of the same name, others by their place.
    fn list(&mut self, path: &str, one: &[Value], other: &[Value]) {
        let before = (self.site.clone(), self.part.clone());
        let mut seen = vec![false; other.len()];
        for (place, item) in one.iter().enumerate() {
            let named = name_of(item);
            let found = match &named {
                Some(_) => other.iter().position(|two| name_of(two) == named),
                None => (place < other.len()).then_some(place),
            };
            if let Some(mark) = found.and_then(|place| seen.get_mut(place)) {
                *mark = true;
            }
            let counterpart = found.and_then(|place| other.get(place));
            self.item(path, place, (Some(item), counterpart));
            (self.site, self.part) = before.clone();
        }
        for (place, item) in other.iter().enumerate() {
            if seen.get(place) == Some(&false) {
                self.item(path, place, (None, Some(item)));
                (self.site, self.part) = before.clone();
            }
        }
    }

    fn item(&mut self, path: &str, place: usize, pair: (Option<&Value>, Option<&Value>)) {
        let either = pair.0.or(pair.1);
        let mut inner = String::new();
        match either.and_then(name_of) {
            Some(Name::Site(site)) => self.site = Some(site),
            Some(Name::Part(part)) => self.part = Some(format!("{path} {part}")),
            None => inner = format!("{path}[{place}]"),
        }
        if inner.is_empty() && (pair.0.is_none() || pair.1.is_none()) {
            path.clone_into(&mut inner);
        }
        self.value(inner, pair.0, pair.1);
    }
}

#[derive(PartialEq, Eq)]
enum Name {
    Site(String),
    Part(String),
}

fn name_of(item: &Value) -> Option<Name> {
    let object = item.as_object()?;
    let named = NAMES
        .iter()
        .find_map(|name| object.get(*name))
        .map(|value| Name::Part(text(value)));
    named.or_else(|| {
        let site = object.get("site")?.as_str()?;
        Some(Name::Site(site.to_owned()))
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(down: u64, outages: &Value) -> Value {
        json!({
            "revision": down,
            "sites": [
                { "site": "a", "days": [{ "date": "2026-06-01", "down_slots": 0 }] },
                { "site": "b", "days": [{ "date": "2026-06-03", "down_slots": down }],
                  "outages": outages, "total": { "down": down } },
            ],
            "targets": ["x", "y"],
        })
    }

    #[test]
    fn a_difference_names_site_day_and_field() {
        let outage = json!([{ "start": "2026-06-03T10:00:00Z", "down_slots": 5 }]);
        let (one, other) = (document(5, &outage), document(7, &json!([])));
        let found = differences(&one, &other, &["revision"]);
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "b, days 2026-06-03, down_slots: 5 is stated, 7 is recomputed",
                "b, outages 2026-06-03T10:00:00Z, outages: {\"down_slots\":5,\"start\":\"2026-06-03T10:00:00Z\"} is stated, nothing is recomputed",
                "b, total.down: 5 is stated, 7 is recomputed",
            ]
        );
        assert_eq!(
            found[0].in_french(),
            "b, days 2026-06-03, down_slots : 5 indiqué, 7 recalculé"
        );
        assert!(differences(&one, &one.clone(), &[]).is_empty());
        let found = differences(
            &json!({ "targets": ["x"] }),
            &json!({ "targets": ["z", "y"] }),
            &[],
        );
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].field, "targets[1]");
    }
}

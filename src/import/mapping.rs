//! Which column of a file means what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ImportError;
use super::crs::Crs;
use super::kinds::KindScheme;
use super::site::SiteKind;

/// What a site is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteField {
    /// Stable identifier.
    Id,
    /// Name.
    Name,
    /// Kind, translated by the mapping.
    Kind,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Town or village.
    Place,
    /// Administrative area.
    Region,
    /// Who provides the line.
    Operator,
    /// Whether the site is invented.
    Invented,
}

impl SiteField {
    /// Every field, in the order in which they are read.
    pub const ALL: [Self; 9] = [
        Self::Id,
        Self::Name,
        Self::Kind,
        Self::Latitude,
        Self::Longitude,
        Self::Place,
        Self::Region,
        Self::Operator,
        Self::Invented,
    ];

    /// The field with this identifier.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }

    /// The identifier used in mappings and refusals.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Latitude => "latitude",
            Self::Longitude => "longitude",
            Self::Place => "place",
            Self::Region => "region",
            Self::Operator => "operator",
            Self::Invented => "invented",
        }
    }
}

/// One column, or several of which the first that says something counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnNames {
    /// `kind = "value"`
    One(String),
    /// `kind = ["amenity", "healthcare"]`
    First(Vec<String>),
}

impl ColumnNames {
    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::First(names) => names,
        };
        names.iter().map(String::as_str)
    }
}

/// A filter: rows are kept when the column has one of the values. Others are counted, not refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The column.
    pub column: String,
    /// The values, compared without case.
    pub any_of: Vec<String>,
}

/// What becomes of a kind that no translation knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untranslated {
    /// The row is refused and named.
    #[default]
    Refuse,
    /// The row is left out and counted: an extract with restaurants and benches in it.
    Skip,
    /// The row is taken as kind `other`.
    Other,
}

/// How to read a file of sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Field ← column or columns.
    #[serde(default)]
    pub columns: BTreeMap<SiteField, ColumnNames>,
    /// Field ← the same text for every row. Latitude and longitude cannot be constant.
    #[serde(default)]
    pub constants: BTreeMap<SiteField, String>,
    /// Built-in translation of kinds.
    #[serde(default)]
    pub kind_scheme: KindScheme,
    /// Translations of this file, before the built-in ones; compared without case.
    #[serde(default)]
    pub kinds: BTreeMap<String, SiteKind>,
    /// What becomes of other kinds.
    #[serde(default)]
    pub untranslated: Untranslated,
    /// Filters; a row must pass all of them.
    #[serde(default)]
    pub keep: Vec<Keep>,
    /// Written before every identifier, so that two sources never collide (`osm-`).
    #[serde(default)]
    pub id_prefix: String,
    /// The file's encoding when it is not UTF-8 (`windows-1252`).
    #[serde(default)]
    pub encoding: Option<String>,
    /// The sheet of a workbook; the first one with anything in it when left out.
    #[serde(default)]
    pub sheet: Option<String>,
    /// The coordinate system: that of the file when left out, else `EPSG:4326`; `EPSG:3857` is
    /// converted.
    #[serde(default)]
    pub crs: Option<Crs>,
}

impl Mapping {
    /// A mapping written in TOML; a misspelt key is an error.
    pub fn from_toml(text: &str) -> Result<Self, ImportError> {
        let mapping: Self = toml::from_str(text).map_err(|error| ImportError::Mapping {
            detail: error.to_string(),
        })?;
        mapping.checked()
    }

    /// A mapping written in one line: `id=osm_node_id,name=name,kind=amenity|healthcare`, with
    /// `field:=text` for a constant. Kinds and filters need TOML.
    pub fn from_text(text: &str) -> Result<Self, ImportError> {
        let mut mapping = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let wrong = |why: &str| ImportError::Mapping {
                detail: format!("\"{part}\": {why}"),
            };
            let (left, right) = part
                .split_once('=')
                .ok_or_else(|| wrong("write field=column or field:=text"))?;
            let (field, constant) = match left.strip_suffix(':') {
                Some(field) => (field, true),
                None => (left, false),
            };
            let field =
                SiteField::from_code(field.trim()).ok_or_else(|| wrong(&unknown_field()))?;
            let right = right.trim();
            let twice = if constant {
                mapping.constants.insert(field, right.to_owned()).is_some()
            } else {
                let names = right
                    .split('|')
                    .map(|name| name.trim().to_owned())
                    .collect();
                mapping
                    .columns
                    .insert(field, ColumnNames::First(names))
                    .is_some()
            };
            if twice {
                return Err(wrong("this field was given before"));
            }
        }
        mapping.checked()
    }

    /// The mapping as a person keeps it in a file.
    pub fn to_toml(&self) -> Result<String, ImportError> {
        toml::to_string(self).map_err(|error| ImportError::Mapping {
            detail: error.to_string(),
        })
    }

    /// The mapping of files whose columns are named like our fields, `demo/congo/sites.csv` first.
    #[must_use]
    pub fn own(present: &[String]) -> Self {
        let columns = SiteField::ALL
            .into_iter()
            .filter(|field| present.iter().any(|column| column == field.code()))
            .map(|field| (field, ColumnNames::One(field.code().to_owned())))
            .collect();
        Self {
            columns,
            ..Self::default()
        }
    }

    /// What a kind of the file means; the mapping's own translations go before the built-in ones.
    #[must_use]
    pub fn translate(&self, word: &str) -> Option<SiteKind> {
        let wanted = word.to_lowercase();
        let own = self.kinds.iter();
        let mut own = own.filter(|(known, _)| known.to_lowercase() == wanted);
        own.next()
            .map(|(_, kind)| *kind)
            .or_else(|| self.kind_scheme.translate(word))
    }

    /// Refuses a mapping that contradicts itself.
    pub fn checked(self) -> Result<Self, ImportError> {
        let wrong = |fr, en| Err(ImportError::MappingRule { fr, en });
        if self.columns.is_empty() && self.constants.is_empty() {
            return wrong("elle ne nomme aucune colonne", "it names no column");
        }
        for field in [SiteField::Latitude, SiteField::Longitude] {
            if self.constants.contains_key(&field) {
                return wrong(
                    "latitude et longitude ne peuvent pas être constantes",
                    "latitude and longitude cannot be constants",
                );
            }
        }
        for field in SiteField::ALL {
            if self.columns.contains_key(&field) && self.constants.contains_key(&field) {
                return Err(ImportError::Mapping {
                    detail: format!("{} is given both a column and a constant", field.code()),
                });
            }
        }
        if !self.columns.contains_key(&SiteField::Kind)
            && !self.constants.contains_key(&SiteField::Kind)
        {
            return wrong(
                "elle ne dit pas quelle colonne donne le type ; s'il est le même partout, donnez-le en \
                 constante (kind:=hospital)",
                "it does not say which column holds the kind; for a constant write kind:=hospital",
            );
        }
        Ok(self)
    }
}

fn unknown_field() -> String {
    let known: Vec<&str> = SiteField::ALL.iter().map(|field| field.code()).collect();
    format!("unknown field; known are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_columns_and_constants() {
        let mapping = Mapping::from_text("id=osm_id, kind:=hospital, name=name|name_fr").unwrap();
        assert_eq!(mapping.constants[&SiteField::Kind], "hospital");
        let names: Vec<&str> = mapping.columns[&SiteField::Name].iter().collect();
        assert_eq!(names, ["name", "name_fr"]);
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |text: &str| Mapping::from_text(text).unwrap_err().to_string();
        assert!(refused("idd=x").contains("\"idd=x\": unknown field; known are id, name"));
        assert!(refused("id").contains("write field=column"));
        assert!(refused("id=a,id=b,kind=k").contains("given before"));
        assert!(refused("id=a").contains("kind:=hospital"));
        assert!(refused("kind=a,latitude:=1").contains("cannot be constants"));
        assert!(refused("").contains("names no column"));
        let misspelt = Mapping::from_toml("[column]\nid = \"a\"")
            .unwrap_err()
            .to_string();
        assert!(misspelt.contains("unknown field `column`"), "{misspelt}");
        let twice = "columns = { kind = \"a\" }\nconstants = { kind = \"school\" }";
        assert!(
            Mapping::from_toml(twice)
                .unwrap_err()
                .to_string()
                .contains("both a column")
        );
    }
}

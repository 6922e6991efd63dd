//! What a file holds, and a mapping proposed from the names of its columns, French and English. A
//! proposal is for a person to look at: nothing is entered by it.

use std::collections::{BTreeMap, BTreeSet};

use desserte_planning::layer::LayerKind;
use serde::{Deserialize, Serialize};

use super::ImportError;
use super::crs::Crs;
use super::format::Format;
use super::kinds::KindScheme;
use super::layers::LayerField;
use super::mapping::{ColumnNames, Keep, Mapping, SiteField, Untranslated};
use super::table::{self, Form, Table};
use crate::text::fold;
use words::{LAYER_WORDS, SITE_WORDS};

mod words;

/// Values shown of each column.
const SAMPLES: usize = 3;
/// Letters shown of a value.
const SAMPLE_CHARS: usize = 40;
/// Different kinds that are counted; a column with more is no column of kinds.
const KINDS_MAX: usize = 200;
/// Rows looked at for a proposal.
const ROWS_MAX: usize = 20_000;
/// Letters of an identifier's prefix.
const PREFIX_CHARS: usize = 24;

/// A column and some of what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSample {
    /// Its name.
    pub name: String,
    /// Rows in which it says something.
    pub filled: usize,
    /// Some of its values.
    pub samples: Vec<String>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// Its format.
    pub format: Format,
    /// Sheets of a workbook that a person sees.
    pub sheets: Vec<String>,
    /// Rows or features.
    pub rows: usize,
    /// Whether positions come from geometries.
    pub has_geometry: bool,
    /// The encoding that had to be named, because the file is not UTF-8.
    pub encoding: Option<String>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnSample>,
}

/// A kind as the file calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindUse {
    /// The file's word.
    pub word: String,
    /// Rows with it.
    pub rows: usize,
    /// What it means here, its identifier; `None`: no translation knows it.
    pub kind: Option<String>,
}

/// Reads a file for a person to map. What is not UTF-8 is tried as windows-1252, which Excel writes;
/// the proposal says so.
pub fn inspect(
    file: &str,
    bytes: &[u8],
    (encoding, sheet, crs): (Option<&str>, Option<&str>, Option<Crs>),
) -> Result<(Inspection, Proposal), ImportError> {
    let format = Format::of(file, bytes);
    if format == Format::Terrain {
        return Ok(heights(file));
    }
    let mut encoding = encoding;
    let read = |encoding| {
        let form = Form {
            encoding,
            sheet,
            crs,
        };
        Table::read(file, bytes, form)
    };
    let table = match read(encoding) {
        Err(ImportError::NotUtf8 { .. }) if encoding.is_none() => {
            encoding = Some("windows-1252");
            read(encoding)?
        }
        other => other?,
    };
    let sheets = match format {
        Format::Xlsx => table::sheet_names(file, bytes)?,
        Format::Geopackage => table::table_names(file, bytes)?,
        _ => Vec::new(),
    };
    let inspection = Inspection {
        format,
        sheets,
        rows: table.records.len(),
        has_geometry: table.has_geometry,
        encoding: encoding.map(str::to_owned),
        columns: columns(&table),
    };
    Ok((inspection, Proposal { table }))
}

/// Heights have neither rows nor columns: there is nothing to map.
fn heights(file: &str) -> (Inspection, Proposal) {
    let inspection = Inspection {
        format: Format::Terrain,
        sheets: Vec::new(),
        rows: 0,
        has_geometry: true,
        encoding: None,
        columns: Vec::new(),
    };
    let table = Table::without_rows(file);
    (inspection, Proposal { table })
}

fn columns(table: &Table) -> Vec<ColumnSample> {
    let names = table.columns.iter().enumerate();
    names
        .map(|(number, name)| {
            let values = || {
                table
                    .records
                    .iter()
                    .filter_map(|record| record.value(number))
            };
            let mut samples: Vec<String> = Vec::new();
            for value in values().take(ROWS_MAX) {
                let shown: String = value.chars().take(SAMPLE_CHARS).collect();
                if !samples.contains(&shown) {
                    samples.push(shown);
                }
                if samples.len() == SAMPLES {
                    break;
                }
            }
            ColumnSample {
                name: name.clone(),
                filled: values().count(),
                samples,
            }
        })
        .collect()
}

/// A file that was read, to be asked for proposals.
pub struct Proposal {
    table: Table,
}

impl Proposal {
    /// A mapping for sites. What it does not find is left out.
    #[must_use]
    pub fn sites(&self, inspection: &Inspection) -> Mapping {
        let mut columns = found(&self.table.columns, &SITE_WORDS);
        if self.table.has_geometry {
            columns.remove(&SiteField::Latitude);
            columns.remove(&SiteField::Longitude);
            if self.table.column("@id").is_some() && !columns.contains_key(&SiteField::Id) {
                columns.insert(SiteField::Id, ColumnNames::One("@id".to_owned()));
            }
        }
        // In OpenStreetMap the operator runs the facility; who provides its line is not said.
        let has = |name: &str| self.table.column(name).is_some();
        let osm = has("amenity") || (has("tag") && has("value"));
        if osm {
            columns.remove(&SiteField::Operator);
        }
        let mut mapping = Mapping {
            columns,
            encoding: inspection.encoding.clone(),
            ..Mapping::default()
        };
        if has("tag") && has("value") {
            // Nodes of OpenStreetMap with their main tag in two columns.
            let kind = ColumnNames::One("value".to_owned());
            mapping.columns.insert(SiteField::Kind, kind);
            mapping.keep.push(Keep {
                column: "tag".to_owned(),
                any_of: vec!["amenity".to_owned()],
            });
        } else if has("amenity") && has("healthcare") {
            let both = vec!["amenity".to_owned(), "healthcare".to_owned()];
            mapping
                .columns
                .insert(SiteField::Kind, ColumnNames::First(both));
        }
        self.choose_scheme(&mut mapping, osm);
        if self.needs_prefix(&mapping) {
            mapping.id_prefix = prefix(&self.table.file);
        }
        mapping
    }

    /// Columns for a layer.
    #[must_use]
    pub fn layer(&self, kind: LayerKind) -> BTreeMap<LayerField, ColumnNames> {
        let mut columns = found(&self.table.columns, &LAYER_WORDS);
        if self.table.has_geometry {
            columns.remove(&LayerField::Latitude);
            columns.remove(&LayerField::Longitude);
        }
        if !matches!(kind, LayerKind::Masts | LayerKind::Coverage) {
            columns.remove(&LayerField::Operator);
            columns.remove(&LayerField::Generation);
        }
        if kind != LayerKind::Coverage {
            columns.remove(&LayerField::RadiusMetres);
        }
        if kind != LayerKind::Places {
            columns.remove(&LayerField::Population);
            columns.remove(&LayerField::Class);
        } else if self.table.column("tag").is_some() && self.table.column("value").is_some() {
            // Nodes of OpenStreetMap with their main tag in two columns.
            columns.insert(LayerField::Class, ColumnNames::One("value".to_owned()));
        }
        columns
    }

    /// The translation that knows most rows; the strictest of equals. With one that knows less than
    /// most the file holds other things too (bars, benches): they are left out and counted.
    fn choose_scheme(&self, mapping: &mut Mapping, osm: bool) {
        let words = kinds(&self.table, mapping);
        let known = |scheme: KindScheme| -> usize {
            let translated = words
                .iter()
                .filter(|used| scheme.translate(&used.word).is_some());
            translated.map(|used| used.rows).sum()
        };
        let first = if osm {
            KindScheme::OsmAmenity
        } else {
            KindScheme::default()
        };
        let mut best = (first, known(first));
        for scheme in KindScheme::ALL {
            if known(scheme) > best.1 {
                best = (scheme, known(scheme));
            }
        }
        mapping.kind_scheme = best.0;
        let all: usize = words.iter().map(|used| used.rows).sum();
        let open = best.0 == KindScheme::OsmAmenity;
        if best.1 > 0 && (open || best.1 * 2 < all) {
            mapping.untranslated = Untranslated::Skip;
        }
    }

    /// Numbers are the identifiers of many files, and derived ones are of none.
    fn needs_prefix(&self, mapping: &Mapping) -> bool {
        let Some(names) = mapping.columns.get(&SiteField::Id) else {
            return true;
        };
        let column = names.iter().find_map(|name| self.table.column(name));
        let values = self.table.records.iter().take(ROWS_MAX);
        let mut values = values.filter_map(|record| record.value(column?));
        values.all(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// How often each kind is used, most used first, and what it means by the mapping.
pub(super) fn kinds(table: &Table, mapping: &Mapping) -> Vec<KindUse> {
    let names = mapping.columns.get(&SiteField::Kind);
    let columns: Vec<usize> = names
        .into_iter()
        .flat_map(ColumnNames::iter)
        .filter_map(|name| table.column(name))
        .collect();
    let keep: Vec<(usize, BTreeSet<String>)> = mapping
        .keep
        .iter()
        .filter_map(|keep| {
            let values = keep.any_of.iter().map(|value| value.to_lowercase());
            Some((table.column(&keep.column)?, values.collect()))
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in &table.records {
        let kept = keep.iter().all(|(column, values)| {
            values.contains(&record.value(*column).unwrap_or_default().to_lowercase())
        });
        let word = columns.iter().find_map(|column| record.value(*column));
        if let Some(word) = word.filter(|_| kept) {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut uses: Vec<KindUse> = counts
        .into_iter()
        .map(|(word, rows)| KindUse {
            kind: mapping.translate(word).map(|kind| kind.code().to_owned()),
            word: word.to_owned(),
            rows,
        })
        .collect();
    uses.sort_by_key(|used| std::cmp::Reverse(used.rows));
    uses.truncate(KINDS_MAX);
    uses
}

/// The column of each field: that whose name comes first in the field's list.
fn found<F: Ord + Copy>(columns: &[String], words: &[(F, &[&str])]) -> BTreeMap<F, ColumnNames> {
    let plain: Vec<String> = columns
        .iter()
        .map(|name| {
            let folded = fold(name);
            folded
                .chars()
                .filter(|letter| letter.is_alphanumeric())
                .collect()
        })
        .collect();
    let mut taken = BTreeSet::new();
    let mut found = BTreeMap::new();
    for (field, names) in words {
        let number = names.iter().find_map(|name| {
            let same = plain.iter().enumerate();
            same.filter(|(number, _)| !taken.contains(number))
                .find(|(_, plain)| plain == name)
                .map(|(number, _)| number)
        });
        if let Some((number, name)) = number.and_then(|number| Some((number, columns.get(number)?)))
        {
            taken.insert(number);
            found.insert(*field, ColumnNames::One(name.clone()));
        }
    }
    found
}

/// A prefix of the file's name: letters, without dates.
fn prefix(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let folded = fold(stem);
    let words = folded
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(|word| word.len() > 1);
    let mut text: String = words.collect::<Vec<_>>().join("-");
    text.truncate(PREFIX_CHARS); // ASCII letters and hyphens only
    match text.trim_matches('-') {
        "" => "site-".to_owned(),
        text => format!("{text}-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::site::SiteKind;

    fn proposed(file: &str, text: &str) -> (Inspection, Mapping) {
        let (inspection, proposal) = inspect(file, text.as_bytes(), (None, None, None)).unwrap();
        let mapping = proposal.sites(&inspection);
        (inspection, mapping)
    }

    fn column(mapping: &Mapping, field: SiteField) -> Option<Vec<&str>> {
        Some(mapping.columns.get(&field)?.iter().collect())
    }

    #[test]
    fn a_french_table_is_understood() {
        let (inspection, mapping) = proposed(
            "Écoles 2024.csv",
            "N°;Nom de l'établissement;Type d'établissement;Latitude (N);LONGITUDE;Localité;Département\n\
             1;Mbé;École primaire;-3,3;15,8;Mbé;Pool\n2;Ewo;CEG;-0,8;14,8;Ewo;Cuvette-Ouest\n",
        );
        assert_eq!(inspection.rows, 2);
        assert_eq!(inspection.columns[1].samples, ["Mbé", "Ewo"]);
        let one = |field| column(&mapping, field).unwrap()[0];
        assert_eq!(one(SiteField::Name), "Nom de l'établissement");
        assert_eq!(one(SiteField::Kind), "Type d'établissement");
        assert_eq!(one(SiteField::Latitude), "Latitude (N)");
        assert_eq!(one(SiteField::Longitude), "LONGITUDE");
        assert_eq!(one(SiteField::Region), "Département");
        assert_eq!(mapping.kind_scheme, KindScheme::Words);
        assert_eq!(mapping.id_prefix, "ecoles-");
    }

    #[test]
    fn openstreetmap_is_recognised() {
        let (_, nodes) = proposed(
            "sites_osm_nodes_2019.csv",
            "osm_node_id,latitude,longitude,name,tag,value\n1,-4,15,a,amenity,school\n2,-4,15,b,amenity,bar\n3,-4,15,c,shop,school\n",
        );
        assert_eq!(nodes.kind_scheme, KindScheme::OsmAmenity);
        assert_eq!(nodes.untranslated, Untranslated::Skip);
        assert_eq!(nodes.keep[0].column, "tag");
        assert_eq!(column(&nodes, SiteField::Kind).unwrap(), ["value"]);
        assert_eq!(nodes.id_prefix, "sites-osm-nodes-");
        let (_, health) = proposed("h.csv", "uuid,amenity,healthcare,operator\na-1,clinic,,X\n");
        assert_eq!(column(&health, SiteField::Operator), None);
        assert_eq!(health.id_prefix, "", "its identifiers are unique already");
    }

    #[test]
    fn a_proposal_kept_in_a_file_reads_back() {
        let (_, mapping) = proposed("k.csv", "tag,value,nom\namenity,school,a\n");
        let text = mapping.to_toml().unwrap();
        assert_eq!(Mapping::from_toml(&text).unwrap(), mapping, "{text}");
    }

    #[test]
    fn what_is_not_utf8_is_read_as_excel_writes_it() {
        let bytes = b"nom;type;lat;lon\n\xC9cole;ecole;-4;15\n";
        let (inspection, proposal) = inspect("e.csv", bytes, (None, None, None)).unwrap();
        assert_eq!(inspection.encoding.as_deref(), Some("windows-1252"));
        assert_eq!(inspection.columns[0].samples, ["École"]);
        assert_eq!(proposal.sites(&inspection).encoding, inspection.encoding);
    }

    #[test]
    fn kinds_are_counted_with_what_they_mean() {
        let (_, mut mapping) = proposed("k.csv", "type\nLycée\nlycée technique\nBar\nBar\n");
        let (_, proposal) = inspect(
            "k.csv",
            "type\nLycée\nBar\nBar\n".as_bytes(),
            (None, None, None),
        )
        .unwrap();
        let used = kinds(&proposal.table, &mapping);
        assert_eq!(
            (used[0].word.as_str(), used[0].rows, &used[0].kind),
            ("Bar", 2, &None)
        );
        mapping.kinds.insert("bar".to_owned(), SiteKind::Other);
        let used = kinds(&proposal.table, &mapping);
        assert_eq!(used[0].kind.as_deref(), Some("other"));
    }
}

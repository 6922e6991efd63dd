//! How a file is read, between the shape of the interface and that of the import.

use std::collections::BTreeMap;

use desserte_planning::layer::UncertaintyClass;

use crate::api::error::{Answer, Refusal};
use crate::api::model::{ImportKeep, ImportLayer, ImportMapping};
use crate::import::crs::Crs;
use crate::import::kinds::KindScheme;
use crate::import::layers::{Entry, LayerField};
use crate::import::mapping::{ColumnNames, Keep, Mapping, SiteField, Untranslated};
use crate::import::site::SiteKind;
use crate::staging::{Reading, What};

/// Longest text of a mapping, bytes.
const TEXT_BYTES_MAX: usize = 400;

/// A reading as the interface shows it.
pub(super) fn shown(reading: &Reading) -> ImportMapping {
    match reading {
        Reading::Sites(mapping) => ImportMapping {
            columns: names(&mapping.columns, SiteField::code),
            constants: mapping
                .constants
                .iter()
                .map(|(field, text)| (field.code().to_owned(), text.clone()))
                .collect(),
            kind_scheme: Some(mapping.kind_scheme.code().to_owned()),
            kinds: mapping
                .kinds
                .iter()
                .map(|(word, kind)| (word.clone(), kind.code().to_owned()))
                .collect(),
            untranslated: Some(untranslated_code(mapping.untranslated).to_owned()),
            keep: keeps(&mapping.keep),
            id_prefix: Some(mapping.id_prefix.clone()),
            encoding: mapping.encoding.clone(),
            sheet: mapping.sheet.clone(),
            crs: mapping.crs.map(Crs::code),
            layer: None,
        },
        Reading::Layer(entry) => ImportMapping {
            columns: names(&entry.columns, LayerField::code),
            constants: entry
                .constants
                .iter()
                .map(|(field, text)| (field.code().to_owned(), text.clone()))
                .collect(),
            kind_scheme: None,
            kinds: BTreeMap::new(),
            untranslated: None,
            keep: keeps(&entry.keep),
            id_prefix: None,
            encoding: entry.encoding.clone(),
            sheet: entry.sheet.clone(),
            crs: entry.crs.clone(),
            layer: Some(ImportLayer {
                name: entry.name.clone(),
                source: entry.source.clone(),
                licence: entry.licence.clone(),
                date: entry.date.clone(),
                uncertainty: entry.uncertainty.clone(),
                uncertainty_class: Some(entry.uncertainty_class.code().to_owned()),
            }),
        },
    }
}

fn names<F: Copy>(
    columns: &BTreeMap<F, ColumnNames>,
    code: impl Fn(F) -> &'static str,
) -> BTreeMap<String, Vec<String>> {
    let listed = columns.iter();
    listed
        .map(|(field, names)| {
            let names = names.iter().map(str::to_owned).collect();
            (code(*field).to_owned(), names)
        })
        .collect()
}

fn keeps(keep: &[Keep]) -> Vec<ImportKeep> {
    keep.iter()
        .map(|keep| ImportKeep {
            column: keep.column.clone(),
            any_of: keep.any_of.clone(),
        })
        .collect()
}

fn untranslated_code(untranslated: Untranslated) -> &'static str {
    match untranslated {
        Untranslated::Refuse => "refuse",
        Untranslated::Skip => "skip",
        Untranslated::Other => "other",
    }
}

/// What the caller wants, as a reading of the file.
pub(super) fn read(what: What, file: &str, asked: ImportMapping) -> Answer<Reading> {
    check_texts(&asked)?;
    match what {
        What::Sites => sites(asked).map(Reading::Sites),
        What::Layer(kind) => {
            let layer = asked.layer.ok_or_else(|| {
                Refusal::parameter("layer", "must say where the layer comes from")
            })?;
            let class = layer.uncertainty_class.as_deref().unwrap_or("unknown");
            let class = known("uncertainty_class", class, |code| {
                UncertaintyClass::ALL
                    .into_iter()
                    .find(|one| one.code() == code)
            })?;
            Ok(Reading::Layer(Entry {
                kind,
                name: layer.name,
                file: file.to_owned(),
                crs: asked.crs.filter(|crs| !crs.is_empty()),
                source: layer.source,
                licence: layer.licence,
                date: layer.date,
                uncertainty: layer.uncertainty,
                uncertainty_class: class,
                encoding: asked.encoding.filter(|name| !name.is_empty()),
                sheet: asked.sheet.filter(|name| !name.is_empty()),
                columns: columns(asked.columns, LayerField::from_code)?,
                constants: constants(asked.constants, LayerField::from_code)?,
                keep: kept(asked.keep),
            }))
        }
    }
}

fn sites(asked: ImportMapping) -> Answer<Mapping> {
    let constants = constants(asked.constants, SiteField::from_code)?;
    let mut kinds = BTreeMap::new();
    for (word, kind) in asked.kinds {
        kinds.insert(word, known("kinds", &kind, SiteKind::from_code)?);
    }
    let scheme = asked.kind_scheme.as_deref().unwrap_or("desserte");
    let scheme = known("kind_scheme", scheme, |code| {
        KindScheme::ALL
            .into_iter()
            .find(|scheme| scheme.code() == code)
    })?;
    let untranslated = asked.untranslated.as_deref().unwrap_or("refuse");
    let untranslated = known("untranslated", untranslated, |code| {
        [
            Untranslated::Refuse,
            Untranslated::Skip,
            Untranslated::Other,
        ]
        .into_iter()
        .find(|one| untranslated_code(*one) == code)
    })?;
    let crs = asked.crs.filter(|crs| !crs.is_empty());
    let crs = crs
        .map(|name| known("crs", &name, Crs::from_name))
        .transpose()?;
    Ok(Mapping {
        columns: columns(asked.columns, SiteField::from_code)?,
        constants,
        kind_scheme: scheme,
        kinds,
        untranslated,
        keep: kept(asked.keep),
        id_prefix: asked.id_prefix.unwrap_or_default(),
        encoding: asked.encoding.filter(|name| !name.is_empty()),
        sheet: asked.sheet.filter(|name| !name.is_empty()),
        crs,
    })
}

fn known<T>(name: &str, code: &str, find: impl Fn(&str) -> Option<T>) -> Answer<T> {
    find(code).ok_or_else(|| Refusal::parameter(name, format!("{code:?} is not known")))
}

/// A field without a text is a field that says nothing.
fn constants<F: Ord>(
    asked: BTreeMap<String, String>,
    find: impl Fn(&str) -> Option<F>,
) -> Answer<BTreeMap<F, String>> {
    let mut constants = BTreeMap::new();
    for (field, text) in asked.into_iter().filter(|(_, text)| !text.is_empty()) {
        constants.insert(known("constants", &field, &find)?, text);
    }
    Ok(constants)
}

/// A field without a column is a field that is not mapped.
fn columns<F: Ord>(
    asked: BTreeMap<String, Vec<String>>,
    find: impl Fn(&str) -> Option<F>,
) -> Answer<BTreeMap<F, ColumnNames>> {
    let mut columns = BTreeMap::new();
    for (field, names) in asked.into_iter().filter(|(_, names)| !names.is_empty()) {
        columns.insert(known("columns", &field, &find)?, ColumnNames::First(names));
    }
    Ok(columns)
}

fn kept(keep: Vec<ImportKeep>) -> Vec<Keep> {
    let keep = keep.into_iter().map(|keep| Keep {
        column: keep.column,
        any_of: keep.any_of,
    });
    keep.collect()
}

fn check_texts(asked: &ImportMapping) -> Answer<()> {
    let layer = asked.layer.iter();
    let texts = layer
        .flat_map(|layer| {
            [
                &layer.name,
                &layer.source,
                &layer.licence,
                &layer.date,
                &layer.uncertainty,
            ]
        })
        .chain(asked.constants.values())
        .chain(&asked.id_prefix);
    let wrong = |text: &&String| text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control);
    match texts.into_iter().find(wrong) {
        Some(_) => Err(Refusal::parameter(
            "mapping",
            format!("a text is longer than {TEXT_BYTES_MAX} bytes or holds a control character"),
        )),
        None => Ok(()),
    }
}

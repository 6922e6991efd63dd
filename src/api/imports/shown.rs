//! Imports as the interface shows them.

use crate::api::model::{
    ImportApplied, ImportColumn, ImportDryRun, ImportInspection, ImportItem, ImportKept,
    ImportKind, ImportPreview, ImportReason, ImportRefusal, ImportText, ImportUndone,
    ImportWarning,
};
use crate::api::time;
use crate::import::report::Refusal;
use crate::registry::{ImportRun, Verdict};
use crate::staging::{Content, DryRun, Staged, StagingError, decided_pairs};

pub(super) fn staged(staged: &Staged) -> ImportItem {
    ImportItem {
        id: staged.id.clone(),
        what: staged.what().code().to_owned(),
        file: staged.file.clone(),
        state: "staged".to_owned(),
        at: time::text_or_epoch(staged.staged_unix_ms),
        rows_read: staged.inspection.rows as u64,
        layer: None,
        applied: None,
        undone: None,
    }
}

pub(super) fn run(run: ImportRun) -> ImportItem {
    ImportItem {
        id: run.import.id,
        what: run.import.what,
        file: run.import.file,
        state: if run.undone.is_some() {
            "undone"
        } else {
            "applied"
        }
        .to_owned(),
        at: time::text_or_epoch(run.at_unix_ms),
        rows_read: run.import.rows_read as u64,
        layer: run.import.layer,
        applied: Some(ImportApplied {
            added: run.outcome.added as u64,
            changed: run.outcome.changed as u64,
            unchanged: run.outcome.unchanged as u64,
            merged: run.merged as u64,
            refused: run.import.refused as u64,
            author: run.author,
            reason: run.reason,
        }),
        undone: run.undone.map(|(at, author, reason)| ImportUndone {
            at: time::text_or_epoch(at),
            author,
            reason,
            kept: run
                .kept
                .into_iter()
                .map(|kept| ImportKept {
                    site: kept.site,
                    reason: kept.reason,
                })
                .collect(),
        }),
    }
}

pub(super) fn inspection(staged: &Staged) -> ImportInspection {
    let inspection = &staged.inspection;
    ImportInspection {
        format: inspection.format.code().to_owned(),
        bytes: staged.bytes as u64,
        rows: inspection.rows as u64,
        sheets: inspection.sheets.clone(),
        has_geometry: inspection.has_geometry,
        encoding: inspection.encoding.clone(),
        columns: inspection
            .columns
            .iter()
            .map(|column| ImportColumn {
                name: column.name.clone(),
                filled: column.filled as u64,
                samples: column.samples.clone(),
            })
            .collect(),
    }
}

pub(super) fn text(error: &StagingError) -> ImportText {
    ImportText {
        fr: error.text_fr(),
        en: error.to_string(),
    }
}

pub(super) fn dry_run(staged: &Staged, run: &DryRun) -> ImportDryRun {
    let decided = decided_pairs(staged, run);
    let count = |verdict| decided.iter().filter(|one| one.verdict == verdict).count() as u64;
    let (forecast, pairs) = match &run.content {
        Content::Sites(sites) => (Some(sites.forecast), Some(&sites.pairs)),
        Content::Layer(_) => (None, None),
    };
    let features = match &run.content {
        Content::Layer(layer) => layer.len() as u64,
        Content::Sites(_) => 0,
    };
    ImportDryRun {
        rows_read: run.rows_read as u64,
        accepted: run.accepted as u64,
        left_out: run.left_out as u64,
        refused: run.refused.count as u64,
        repeated: run.refused.duplicates as u64,
        added: forecast.map_or(features, |forecast| forecast.added as u64),
        changed: forecast.map_or(0, |forecast| forecast.changed as u64),
        unchanged: forecast.map_or(0, |forecast| forecast.unchanged as u64),
        pairs: pairs.map_or(0, |pairs| pairs.listed.len() as u64),
        pairs_unlisted: pairs.map_or(0, |pairs| pairs.unlisted as u64),
        pairs_same: count(Verdict::Merged),
        pairs_distinct: count(Verdict::Distinct),
        reasons: reasons(run),
        warnings: warnings(run),
        kinds: run
            .kinds
            .iter()
            .map(|used| ImportKind {
                word: used.word.clone(),
                rows: used.rows as u64,
                kind: used.kind.clone(),
            })
            .collect(),
        outline: run.outline,
    }
}

fn reasons(run: &DryRun) -> Vec<ImportReason> {
    let by_reason = run.refused.rows_by_reason.iter();
    by_reason
        .map(|(code, rows)| ImportReason {
            code: (*code).to_owned(),
            count: rows.count() as u64,
            rows: rows.to_string(),
        })
        .collect()
}

fn warnings(run: &DryRun) -> Vec<ImportWarning> {
    let warnings = run.warnings.iter();
    warnings
        .map(|warning| ImportWarning {
            code: warning.code.code().to_owned(),
            text: ImportText {
                fr: warning.text_fr.to_owned(),
                en: warning.text_en.to_owned(),
            },
            count: warning.count as u64,
            rows: warning.rows.to_string(),
        })
        .collect()
}

pub(super) fn refusal(refusal: &Refusal) -> ImportRefusal {
    ImportRefusal {
        file: refusal.file.clone(),
        row: refusal.row as u64,
        field: refusal.field.clone(),
        value: refusal.value.clone(),
        code: refusal.reason_code.to_owned(),
        reason: ImportText {
            fr: refusal.reason_fr.clone(),
            en: refusal.reason_en.clone(),
        },
    }
}

pub(super) fn preview(run: &DryRun) -> ImportPreview {
    let mut preview = ImportPreview {
        latitude: Vec::new(),
        longitude: Vec::new(),
        name: Vec::new(),
        kind: Vec::new(),
        accepted: run.accepted as u64,
    };
    for (position, name, kind) in run.preview() {
        preview.latitude.push(position.latitude());
        preview.longitude.push(position.longitude());
        preview.name.push(name);
        preview.kind.push(kind);
    }
    preview
}

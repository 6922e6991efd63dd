//! Applying a file that waits, and taking an import back.

use desserte_planning::layer::Layers;

use super::duplicates::of_pair;
use super::{Content, DryRun, Ground, Result, Staged, Staging, StagingError, pair_key, verdict};
use crate::layers::{Defects, Imported};
use crate::registry::{Decision, ImportOutcome, NewImport, PairVerdict, Undone};

/// What applying did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Sites or features.
    pub outcome: ImportOutcome,
    /// Sites that became part of another.
    pub merged: usize,
}

impl Staging {
    /// Enters what a file holds, with its decisions on duplicates: all or nothing. The file is
    /// removed then, and its identifier is the import's.
    pub fn apply(&self, id: &str, ground: Ground<'_>, decision: Decision<'_>) -> Result<Applied> {
        let _turn = self
            .turn
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let staged = self.get(id, ground.registry)?;
        let run = self.dry_run(&staged, ground)?;
        let applied = enter(&staged, &run, ground, decision)?;
        self.remove(id)?;
        Ok(applied)
    }
}

/// Takes an import back.
pub fn undo(id: &str, ground: Ground<'_>, undoing: Decision<'_>) -> Result<Undone> {
    let found = ground
        .registry
        .import_run(id)?
        .ok_or_else(|| StagingError::Missing(id.to_owned()))?;
    if found.import.what == "sites" || found.undone.is_some() {
        return Ok(ground.registry.undo_import(id, undoing)?);
    }
    // Two files cannot change at once: the layer first, because it says whether it can be.
    ground.layers.restore(id)?;
    ground.registry.note_layer_undone(id, undoing)?;
    Ok(Undone {
        removed: found.outcome.added,
        ..Undone::default()
    })
}

fn enter(
    staged: &Staged,
    run: &DryRun,
    ground: Ground<'_>,
    decision: Decision<'_>,
) -> Result<Applied> {
    if run.accepted == 0 {
        return Err(StagingError::Nothing);
    }
    let import = NewImport {
        id: staged.id.clone(),
        what: staged.what().code().to_owned(),
        file: staged.file.clone(),
        layer: match &staged.reading {
            super::Reading::Layer(entry) => Some(entry.name.clone()),
            super::Reading::Sites(_) => None,
        },
        rows_read: run.rows_read,
        refused: run.refused.count,
    };
    match &run.content {
        Content::Sites(sites) => {
            let pairs = decided_pairs(staged, run);
            let (outcome, merged) =
                ground
                    .registry
                    .apply_import(&import, &sites.sites, &pairs, decision)?;
            Ok(Applied { outcome, merged })
        }
        Content::Layer(layer) => {
            if let super::Reading::Layer(entry) = &staged.reading {
                entry.check().map_err(|reason| StagingError::Invalid {
                    field: "layer",
                    reason,
                })?;
            }
            let mut layers = Layers::default();
            layer.clone().add_to(&mut layers);
            let imported = Imported {
                import: import.id.clone(),
                layers,
                defects: Defects::of(run.rows_read, run.left_out, &run.refused),
            };
            ground.layers.import(&[imported], decision.at_unix_ms)?;
            let noted = ground
                .registry
                .note_layer_import(&import, layer.len(), decision);
            if let Err(error) = noted {
                // Not half: what the registry does not know is not there.
                ground.layers.restore(&import.id)?;
                return Err(error.into());
            }
            Ok(Applied {
                outcome: ImportOutcome {
                    added: layer.len(),
                    ..ImportOutcome::default()
                },
                merged: 0,
            })
        }
    }
}

/// The pairs of a file that a person decided about, with their evidence. Decisions on pairs that the
/// mapping no longer brings are left.
#[must_use]
pub fn decided_pairs(staged: &Staged, run: &DryRun) -> Vec<PairVerdict> {
    let Content::Sites(sites) = &run.content else {
        return Vec::new();
    };
    let pairs = sites.pairs.listed.iter();
    pairs
        .filter_map(|pair| {
            let (keep, other) = sites.ids(pair);
            let decided = staged.decisions.get(&pair_key(keep, other))?;
            let chosen = decided.keep.as_deref();
            Some(of_pair(pair, (keep, other), verdict(decided.same), chosen))
        })
        .collect()
}

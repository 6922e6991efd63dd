//! What a verification does not prove, said as plainly as what it does.

use serde::Serialize;

use super::super::bundle::Manifest;
use super::super::inputs::Inputs;
use super::super::note::Checkpoint;
use super::Held;

/// Something that is not proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Remark {
    /// No checkpoint was given.
    NoWitness,
    /// Records that came after the reader's checkpoint.
    RecordsAfterWitness {
        /// How many.
        records: usize,
        /// Leaves that the checkpoint covers.
        witness_size: u64,
    },
    /// Batches that came after the reader's checkpoint.
    BatchesAfterWitness {
        /// How many.
        batches: usize,
        /// Leaves that the checkpoint covers.
        witness_size: u64,
    },
    /// The agents' keys are the collector's word.
    AgentKeys,
    /// Nothing of an agent came from behind the period.
    EndOfAgent {
        /// The agent.
        agent: String,
    },
    /// The predecessor of a batch never came, says the collector.
    OpenChain {
        /// The agent.
        agent: String,
        /// The batch.
        position: u64,
    },
    /// What sites nearby did is the collector's word.
    Neighbours {
        /// The site.
        site: String,
        /// In how many silences.
        silences: usize,
    },
    /// That targets had been measured before is the collector's word.
    MeasuredBefore {
        /// The site.
        site: String,
    },
    /// When the collector did not run is its own word.
    CollectorDown {
        /// How many intervals.
        intervals: usize,
    },
    /// Lines, stays and anchors are the registry's word at the time of the statement.
    Registry,
}

impl Remark {
    /// The sentences in French and in English.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a sentence a kind, in two languages")]
    pub fn texts(&self) -> (String, String) {
        let of = |fr: String, en: String| (fr, en);
        match self {
            Self::NoWitness => of(
                "Sans point de contrôle reçu auparavant (--checkpoint), rien ne prouve que celui qui \
                 détient la clé du collecteur n’a pas modifié une exclusion ou l’engagement, ni retiré les \
                 derniers lots d’un agent, avant de tout signer de nouveau."
                    .to_owned(),
                "Without a checkpoint that you received before (--checkpoint) nothing proves that whoever \
                 holds the collector's key did not change an exclusion or the agreement, or cut off the \
                 last batches of an agent, and sign everything anew."
                    .to_owned(),
            ),
            Self::RecordsAfterWitness {
                records,
                witness_size,
            } => of(
                format!(
                    "{records} décisions (engagement, exclusions, relevé) sont plus récentes que votre \
                     point de contrôle de {witness_size} entrées : il ne les couvre pas."
                ),
                format!(
                    "{records} records (agreement, exclusions, statement) are newer than your checkpoint \
                     of {witness_size} leaves: it does not cover them."
                ),
            ),
            Self::BatchesAfterWitness {
                batches,
                witness_size,
            } => of(
                format!(
                    "{batches} lots sont plus récents que votre point de contrôle de {witness_size} \
                     entrées : seuls la signature et la chaîne de leur agent les couvrent."
                ),
                format!(
                    "{batches} batches are newer than your checkpoint of {witness_size} leaves: only \
                     their agent's signature and chain cover them."
                ),
            ),
            Self::AgentKeys => of(
                "Les clés des agents sont celles de leur inscription dans le registre scellé ; donnez \
                 celles que vous connaissez par --agents."
                    .to_owned(),
                "The agents' keys are those of their enrolment in the log; give those that you know with \
                 --agents."
                    .to_owned(),
            ),
            Self::EndOfAgent { agent } => of(
                format!(
                    "Agent {agent} : aucun lot d’après la période ; un lot retiré à la fin de sa chaîne ne \
                     se verrait pas."
                ),
                format!(
                    "Agent {agent}: no batch from behind the period; one cut off at the end of its chain \
                     would not be seen."
                ),
            ),
            Self::OpenChain { agent, position } => of(
                format!(
                    "Agent {agent}, lot {position} : le lot précédent n’est jamais arrivé, selon le \
                     collecteur."
                ),
                format!(
                    "Agent {agent}, batch {position}: the batch before it never came, says the collector."
                ),
            ),
            Self::Neighbours { site, silences } => of(
                format!(
                    "{site} : ce que les sites voisins ont fait pendant {silences} silences est la parole \
                     du collecteur (leurs mesures ne sont pas à vous)."
                ),
                format!(
                    "{site}: what sites nearby did in {silences} silences is the collector's word (their \
                     measurements are not yours)."
                ),
            ),
            Self::MeasuredBefore { site } => of(
                format!(
                    "{site} : que des cibles étaient déjà mesurées avant les lots du dossier est la parole \
                     du collecteur."
                ),
                format!(
                    "{site}: that targets had been measured before the bundle's batches is the collector's \
                     word."
                ),
            ),
            Self::CollectorDown { intervals } => of(
                format!(
                    "Les {intervals} arrêts du collecteur sont sa propre parole."
                ),
                format!("The {intervals} times when the collector did not run are its own word."),
            ),
            Self::Registry => of(
                "Lignes jugées, affectations des agents et repères du réseau sont ceux du registre au \
                 moment du relevé, dont ils portent l’empreinte."
                    .to_owned(),
                "Judged lines, stays of agents and anchors are the registry's at the time of the \
                 statement, which carries their hash."
                    .to_owned(),
            ),
        }
    }
}

/// What follows from the bundle and from what the reader holds.
pub(super) fn of(
    witness: Option<&Checkpoint>,
    manifest: &Manifest,
    inputs: &Inputs,
    held: &Held,
) -> Vec<Remark> {
    let mut found = Vec::new();
    match witness {
        None => found.push(Remark::NoWitness),
        Some(witness) => found.extend(after(witness.size, manifest)),
    }
    if held.agents.is_none() {
        found.push(Remark::AgentKeys);
    }
    for site in &inputs.sites {
        if !site.neighbours.is_empty() {
            found.push(Remark::Neighbours {
                site: site.site.clone(),
                silences: site.neighbours.len(),
            });
        }
        if !site.measured_before.is_empty() {
            found.push(Remark::MeasuredBefore {
                site: site.site.clone(),
            });
        }
    }
    if !inputs.collector_down.is_empty() {
        found.push(Remark::CollectorDown {
            intervals: inputs.collector_down.len(),
        });
    }
    found.push(Remark::Registry);
    found
}

fn after(witness_size: u64, manifest: &Manifest) -> Vec<Remark> {
    let records = manifest.records.iter().chain(&manifest.enrolments);
    let records = records.filter(|one| one.leaf >= witness_size).count();
    let batches = manifest.sites.iter().flatten().flatten();
    let batches = batches.filter(|one| one.leaf >= witness_size).count();
    let mut found = Vec::new();
    if records > 0 {
        found.push(Remark::RecordsAfterWitness {
            records,
            witness_size,
        });
    }
    if batches > 0 {
        found.push(Remark::BatchesAfterWitness {
            batches,
            witness_size,
        });
    }
    found
}

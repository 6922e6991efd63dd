//! Why a bundle is refused: the first thing that does not hold.

use super::super::bundle::BundleError;
use super::super::difference::Difference;
use super::super::make::MakeError;
use super::super::note::NoteError;

/// The first thing that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The file is no bundle, or was damaged.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle's checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] NoteError),
    /// The reader's checkpoint.
    #[error("your checkpoint: {0}")]
    Witness(NoteError),
    /// The log does not go on from a checkpoint that the bundle carries.
    #[error("the log does not go on from its own checkpoint of {size} leaves")]
    Inconsistent {
        /// Leaves of that checkpoint.
        size: u64,
    },
    /// The log is not the one of which the reader holds a checkpoint.
    #[error(
        "the log is not the one of your checkpoint of {size} leaves: something that it covered was \
         changed, left out or put in since"
    )]
    OtherLog {
        /// Leaves of the reader's checkpoint.
        size: u64,
    },
    /// The bundle does not carry the proof for the reader's checkpoint.
    #[error(
        "the bundle carries no proof for a checkpoint of that size: ask the collector for \
         /api/v1/ledger/consistency?from={from}&to={to} and give the answer with --consistency"
    )]
    NoConsistency {
        /// Leaves of the earlier one.
        from: u64,
        /// Leaves of the later one.
        to: u64,
    },
    /// The inputs cannot be used.
    #[error("inputs: {0}")]
    Inputs(String),
    /// The agreement cannot be used.
    #[error("agreement: {0}")]
    Terms(String),
    /// A record is not in the log.
    #[error("record of leaf {leaf}: it is not in the log in this place")]
    RecordNotIncluded {
        /// The leaf.
        leaf: u64,
    },
    /// Records are not in the log's order.
    #[error("record of leaf {leaf}: not in the order of the log")]
    RecordOrder {
        /// The leaf.
        leaf: u64,
    },
    /// An enrolment cannot be used.
    #[error("record of leaf {leaf}: not the one enrolment of an agent")]
    Enrolment {
        /// The leaf.
        leaf: u64,
    },
    /// Something about an agent does not hold.
    #[error("agent {agent}: {reason}")]
    Agent {
        /// The agent.
        agent: String,
        /// What.
        reason: AgentReason,
    },
    /// Something about a batch does not hold.
    #[error("agent {agent}: batch {position}: {reason}")]
    Batch {
        /// The agent.
        agent: String,
        /// Position of the batch in the journal.
        position: u64,
        /// What.
        reason: BatchReason,
    },
    /// The figures cannot be made.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// A figure differs.
    #[error("{0}")]
    Differs(Box<Difference>),
    /// The values are the same, but written otherwise.
    #[error("the document is not written as it is hashed")]
    Written,
    /// The chain does not end with the statement.
    #[error("the agreement's records do not end with this statement's own")]
    NoStatement,
    /// The record is of another document.
    #[error("the statement's record has the hash of another document")]
    OtherDocument,
    /// The record is of other inputs.
    #[error("the statement's record has the hash of other inputs")]
    OtherInputs,
}

/// What is wrong with an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentReason {
    /// Its enrolment is not among the records, or with another key.
    NotEnrolled,
    /// The reader trusts another key, or none of it.
    NotTrusted,
    /// Not the batches that the inputs name.
    OtherBatches,
    /// A batch twice.
    Repeated,
    /// Not in the order of sealing.
    Order,
}

/// What is wrong with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchReason {
    /// A field cannot be read.
    Form,
    /// The agent's signature is not over these bytes.
    Signature,
    /// It is not in the log in this place.
    NotIncluded,
    /// Its time is not in the log in this place.
    TimeNotIncluded,
    /// It came after the statement.
    Later,
    /// Its predecessor is missing.
    ChainBroken,
    /// Its body is of another agent, boot or sequence.
    OtherBody,
}

impl AgentReason {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::NotEnrolled => (
                "son inscription manque, ou donne une autre clé",
                "its enrolment is missing, or has another key",
            ),
            Self::NotTrusted => (
                "sa clé n’est pas parmi celles données par --agents",
                "its key is not among those given with --agents",
            ),
            Self::OtherBatches => (
                "les lots ne sont pas ceux du relevé, ou dans un autre ordre",
                "the batches are not those of the statement, or in another order",
            ),
            Self::Repeated => ("un lot figure deux fois", "a batch is there twice"),
            Self::Order => (
                "ses lots ne sont pas dans l’ordre de leur scellement",
                "its batches are not in the order in which they were sealed",
            ),
        }
    }
}

impl std::fmt::Display for AgentReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.texts().1)
    }
}

impl BatchReason {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Form => ("un champ est illisible", "a field cannot be read"),
            Self::Signature => (
                "la signature de l’agent ne correspond pas : une mesure ou l’enveloppe a été modifiée",
                "the agent's signature is not over these bytes: a measurement or the envelope was changed",
            ),
            Self::NotIncluded => (
                "n’est pas dans le registre scellé à cette place : lot, heure d’arrivée ou horloge modifiés",
                "is not in the log in this place: the batch, its arrival or its time was changed",
            ),
            Self::TimeNotIncluded => (
                "son horloge n’est pas dans le registre scellé à cette place",
                "its time is not in the log in this place",
            ),
            Self::Later => (
                "est arrivé après le relevé",
                "came after the statement was made",
            ),
            Self::ChainBroken => (
                "le lot précédent de l’agent manque",
                "the agent's batch before it is missing",
            ),
            Self::OtherBody => (
                "son contenu est d’un autre agent, démarrage ou numéro",
                "its body is of another agent, boot or sequence",
            ),
        }
    }
}

impl std::fmt::Display for BatchReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.texts().1)
    }
}

impl Refused {
    /// The sentence in French; what is not the product's own is quoted as it is.
    #[must_use]
    pub fn in_french(&self) -> String {
        match self {
            Self::Bundle(BundleError::Hash) => {
                "dossier de preuve : ses octets ne sont pas ceux dont il \
                 porte l’empreinte : abîmé ou modifié"
                    .to_owned()
            }
            Self::Bundle(error) => format!("dossier de preuve illisible : {error}"),
            Self::Checkpoint(error) => format!("point de contrôle du dossier : {error}"),
            Self::Witness(error) => format!("votre point de contrôle : {error}"),
            Self::Inconsistent { size } => format!(
                "le registre scellé ne prolonge pas son propre point de contrôle de {size} entrées"
            ),
            Self::OtherLog { size } => format!(
                "le registre scellé n’est pas celui de votre point de contrôle de {size} entrées : \
                 quelque chose qu’il couvrait a été modifié, retiré ou ajouté depuis"
            ),
            Self::NoConsistency { from, to } => format!(
                "le dossier n’a pas de preuve pour un point de contrôle de cette taille : demandez au \
                 collecteur /api/v1/ledger/consistency?from={from}&to={to} et donnez la réponse par \
                 --consistency"
            ),
            Self::Inputs(reason) => format!("données d’entrée : {reason}"),
            Self::Terms(reason) => format!("engagement : {reason}"),
            Self::RecordNotIncluded { leaf } => {
                format!("décision de l’entrée {leaf} : absente du registre scellé à cette place")
            }
            Self::RecordOrder { leaf } => {
                format!("décision de l’entrée {leaf} : pas dans l’ordre du registre scellé")
            }
            Self::Enrolment { leaf } => {
                format!("entrée {leaf} : n’est pas l’unique inscription d’un agent")
            }
            Self::Agent { agent, reason } => format!("agent {agent} : {}", reason.texts().0),
            Self::Batch {
                agent,
                position,
                reason,
            } => format!("agent {agent} : lot {position} : {}", reason.texts().0),
            Self::Make(error) => format!("calcul impossible : {error}"),
            Self::Differs(difference) => difference.in_french(),
            Self::Written => "le document n’est pas écrit comme il est haché".to_owned(),
            Self::NoStatement => {
                "les décisions de l’engagement ne finissent pas par celle de ce relevé".to_owned()
            }
            Self::OtherDocument => {
                "la décision du relevé porte l’empreinte d’un autre document".to_owned()
            }
            Self::OtherInputs => {
                "la décision du relevé porte l’empreinte d’autres données d’entrée".to_owned()
            }
        }
    }
}

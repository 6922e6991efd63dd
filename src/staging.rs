//! Files that a person has brought in and not yet imported: kept in the data folder under a name of
//! ours, mapped, tried, applied or dropped. Nothing of them is entered before they are applied, and
//! everything that was applied can be taken back.

mod apply;
mod decide;
mod dry_run;
pub mod duplicates;
mod error;
mod reading;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

pub use apply::{Applied, decided_pairs, undo};
pub(crate) use decide::verdict;
pub use dry_run::{Content, DryRun, SitesRun, try_layer, try_sites};
pub use error::StagingError;
pub use reading::{Reading, What};

use duplicates::Proposed;
use reading::{checked, proposed};

use crate::import::propose::{Inspection, inspect};
use crate::import::{ImportError, MAX_FILE_BYTES};
use crate::layers::LayerStore;
use crate::registry::{self, Registry};

/// Name of the folder in the data folder.
const FOLDER: &str = "imports";
/// Most files that wait at once: each may be as large as a file may be.
pub const STAGED_MAX: usize = 10;
/// Longest name of a file, bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Bytes of an identifier, shown in hexadecimal.
const ID_BYTES: usize = 8;
/// What a person decided about a pair that a file brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedDecision {
    /// True: one site; false: two.
    pub same: bool,
    /// The site that goes on, where another than the proposed one was chosen.
    pub keep: Option<String>,
}

/// Two identifiers in order, as one text: identifiers hold no control characters.
pub(crate) fn pair_key(a: &str, b: &str) -> String {
    format!("{}\n{}", a.min(b), a.max(b))
}

/// A file that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staged {
    /// Its identifier, and later that of the import.
    pub id: String,
    /// The name that the person's file has.
    pub file: String,
    /// Its size.
    pub bytes: usize,
    /// When it came, Unix milliseconds.
    pub staged_unix_ms: i64,
    /// What is in it.
    pub inspection: Inspection,
    /// How it is to be read.
    pub reading: Reading,
    /// Decisions on its duplicates, by `pair_key`.
    pub decisions: BTreeMap<String, StagedDecision>,
    /// Counts up with every change of `reading`.
    pub revision: u64,
}

impl Staged {
    /// What it is brought in as.
    #[must_use]
    pub fn what(&self) -> What {
        match &self.reading {
            Reading::Sites(_) => What::Sites,
            Reading::Layer(entry) => What::Layer(entry.kind),
        }
    }
}

type Result<T> = std::result::Result<T, StagingError>;

/// What a file is tried against.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'g> {
    /// The sites.
    pub registry: &'g Registry,
    /// The layers.
    pub layers: &'g LayerStore,
    /// The country's border, GeoJSON.
    pub border: Option<&'g [u8]>,
}

/// The file tried last, its revision, the registry that it was tried against, and what came of it.
type Tried = (String, u64, registry::Version, Arc<DryRun>);

/// The files that wait.
#[derive(Debug)]
pub struct Staging {
    folder: PathBuf,
    tried: Mutex<Option<Tried>>,
    proposed: Mutex<Option<(registry::Version, Arc<Proposed>)>>,
    /// One change at a time: a note is read, changed and written.
    turn: Mutex<()>,
}

impl Staging {
    /// The files of a data folder, by the process that serves it: what an interruption left without a
    /// note is removed.
    pub fn open(data: &Path) -> Result<Self> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(failed("making", &folder))?;
        let staging = Self {
            folder,
            tried: Mutex::default(),
            proposed: Mutex::default(),
            turn: Mutex::default(),
        };
        staging.remove_unnoted()?;
        Ok(staging)
    }

    fn remove_unnoted(&self) -> Result<()> {
        let known = self.ids()?;
        let entries = std::fs::read_dir(&self.folder).map_err(failed("reading", &self.folder))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let id = path.file_stem().and_then(|stem| stem.to_str());
            if id.is_none_or(|id| !known.iter().any(|one| one == id)) {
                std::fs::remove_file(&path).map_err(failed("removing", &path))?;
            }
        }
        Ok(())
    }

    /// The files that wait, newest first; what was applied meanwhile is removed.
    pub fn list(&self, registry: &Registry) -> Result<Vec<Staged>> {
        let mut staged = Vec::new();
        for id in self.ids()? {
            match self.get(&id, registry) {
                Ok(one) => staged.push(one),
                Err(StagingError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        staged.sort_by_key(|one| std::cmp::Reverse((one.staged_unix_ms, one.id.clone())));
        Ok(staged)
    }

    /// A file that waits.
    pub fn get(&self, id: &str, registry: &Registry) -> Result<Staged> {
        if !is_id(id) {
            return Err(StagingError::Missing(id.to_owned()));
        }
        let note = self.path(id, "json");
        let text = match std::fs::read(&note) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StagingError::Missing(id.to_owned()));
            }
            Err(error) => return Err(failed("reading", &note)(error)),
        };
        // The process ended between applying it and removing it.
        if registry.import_run(id)?.is_some() {
            self.remove(id)?;
            return Err(StagingError::Missing(id.to_owned()));
        }
        serde_json::from_slice(&text).map_err(|source| StagingError::Note { file: note, source })
    }

    /// Keeps a file and proposes how to read it.
    pub fn add(
        &self,
        what: What,
        file: &str,
        bytes: &[u8],
        (registry, now_unix_ms): (&Registry, i64),
    ) -> Result<Staged> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let invalid = |field, reason: &str| StagingError::Invalid {
            field,
            reason: reason.to_owned(),
        };
        if file.trim().is_empty()
            || file.len() > NAME_BYTES_MAX
            || file
                .chars()
                .any(|c| c.is_control() || c == '/' || c == '\\')
        {
            return Err(invalid(
                "name",
                "must be a file's name of 1 to 200 bytes, without / or \\",
            ));
        }
        if bytes.len() > MAX_FILE_BYTES {
            let (file, bytes) = (file.to_owned(), bytes.len());
            return Err(ImportError::TooLarge { file, bytes }.into());
        }
        if self.list(registry)?.len() >= STAGED_MAX {
            return Err(StagingError::Full);
        }
        let (inspection, proposal) = inspect(file, bytes, (None, None, None))?;
        let staged = Staged {
            id: new_id(),
            file: file.to_owned(),
            bytes: bytes.len(),
            staged_unix_ms: now_unix_ms,
            reading: proposed(what, file, &inspection, &proposal),
            inspection,
            decisions: BTreeMap::new(),
            revision: 1,
        };
        self.write(&self.path(&staged.id, "bin"), bytes)?;
        self.note(&staged)?;
        Ok(staged)
    }

    /// Changes how a file is read. Another sheet, encoding or coordinate system shows other columns.
    pub fn read_as(&self, id: &str, reading: Reading, registry: &Registry) -> Result<Staged> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut staged = self.get(id, registry)?;
        let (reading, encoding, sheet, crs) = checked(reading)?;
        let form = (encoding.as_deref(), sheet.as_deref(), crs);
        let (inspection, _) = inspect(&staged.file, &self.bytes(id)?, form)?;
        staged.inspection = inspection;
        staged.reading = reading;
        staged.revision += 1;
        self.note(&staged)?;
        Ok(staged)
    }

    /// Drops a file.
    pub fn drop_file(&self, id: &str, registry: &Registry) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.get(id, registry)?;
        self.remove(id)
    }

    /// What importing a file would do. The same question is answered from memory.
    pub fn dry_run(&self, staged: &Staged, ground: Ground<'_>) -> Result<Arc<DryRun>> {
        let version = ground.registry.version()?;
        let held = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, revision, at, run)) = held.as_ref()
            && (id.as_str(), *revision, *at) == (staged.id.as_str(), staged.revision, version)
        {
            return Ok(Arc::clone(run));
        }
        drop(held);
        let run = Arc::new(self.tried_anew(staged, ground)?);
        let kept = (
            staged.id.clone(),
            staged.revision,
            version,
            Arc::clone(&run),
        );
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(run)
    }

    fn tried_anew(&self, staged: &Staged, ground: Ground<'_>) -> Result<DryRun> {
        let bytes = self.bytes(&staged.id)?;
        let country = dry_run::outline(ground)?;
        let country = country.as_ref();
        match &staged.reading {
            Reading::Sites(mapping) => {
                try_sites((&staged.file, &bytes), mapping, (ground.registry, country))
            }
            Reading::Layer(entry) => try_layer(&bytes, entry, country),
        }
    }

    fn ids(&self) -> Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.folder).map_err(failed("reading", &self.folder))?;
        let ids = entries.flatten().filter_map(|entry| {
            let path = entry.path();
            let id = path.file_stem()?.to_str()?;
            (path.extension()? == "json" && is_id(id)).then(|| id.to_owned())
        });
        Ok(ids.collect())
    }

    fn path(&self, id: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{id}.{extension}"))
    }

    fn bytes(&self, id: &str) -> Result<Vec<u8>> {
        let path = self.path(id, "bin");
        std::fs::read(&path).map_err(failed("reading", &path))
    }

    fn note(&self, staged: &Staged) -> Result<()> {
        let file = self.path(&staged.id, "json");
        let text = serde_json::to_vec(staged).map_err(|source| StagingError::Note {
            file: file.clone(),
            source,
        })?;
        self.write(&file, &text)
    }

    /// Whole or not at all: written beside, then renamed.
    fn write(&self, file: &Path, bytes: &[u8]) -> Result<()> {
        let beside = self.folder.join("writing.part");
        std::fs::write(&beside, bytes).map_err(failed("writing", &beside))?;
        std::fs::rename(&beside, file).map_err(failed("writing", file))
    }

    /// The note first: a file without a note is nothing.
    fn remove(&self, id: &str) -> Result<()> {
        for path in [self.path(id, "json"), self.path(id, "bin")] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed("removing", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// An identifier for an import.
#[must_use]
pub fn new_id() -> String {
    data_encoding::HEXLOWER.encode(&rand::random::<[u8; ID_BYTES]>())
}

fn failed(operation: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> StagingError {
    let file = file.to_owned();
    move |source| StagingError::File {
        operation,
        file,
        source,
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 2 * ID_BYTES && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

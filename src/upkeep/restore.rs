//! A data folder put back from a backup.
//!
//! Everything is read and compared with `backup.json` before anything of the folder is touched; what the
//! folder held is moved aside, not deleted.
//!
//! A backup that would take back what the folder acknowledged is refused unless the caller says so: one
//! whose journal ends earlier, or went another way since an earlier restore. The folder's own journal is
//! only asked for its end, because it may be the damaged file for which there is a restore at all.

use std::{
    fs::{self, File},
    path::{Component, Path, PathBuf},
};

use serde::Deserialize;
use zip::ZipArchive;

use super::{
    UpkeepError, alone,
    backup::{FORM, FileEntry, MANIFEST, Manifest, private_file, pump, read_small},
    sync_folder, sync_tree,
};
use crate::{
    collector::journal_path,
    store::journal::{
        ends::{self, End},
        marked_position,
    },
};

/// Largest list of files, bytes.
const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most files: months of a century and what lies beside them.
const FILES_MAX: usize = 10_000;
/// Most restores of one backup whose predecessors are told apart.
const REPLACED_MAX: u32 = 10_000;
/// Where a restore works in the folder until all is well.
const PART: &str = "restore.part";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup's own list.
    pub manifest: Manifest,
    /// Where what was there before lies now; `None` when nothing was.
    pub aside: Option<PathBuf>,
}

/// What a backup of any form says.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

enum Opened {
    Folder(PathBuf),
    Zip(Box<ZipArchive<File>>),
}

/// Puts a backup into `data`. Refuses one whose journal ends before the folder's own, or is not its
/// continuation, unless `accept_older`.
pub fn restore(
    backup: &Path,
    data: &Path,
    accept_older: bool,
    told: &mut dyn FnMut(&str),
) -> Result<Restored, UpkeepError> {
    let unusable = |reason: String| UpkeepError::Unusable {
        backup: backup.to_owned(),
        reason,
    };
    let mut opened = Opened::open(backup)?;
    let manifest = opened.manifest(backup)?;
    fs::create_dir_all(data).map_err(UpkeepError::file("make", data))?;
    let _alone = alone(data)?;
    let last = if accept_older {
        None
    } else {
        continued(data, &manifest)?
    };
    let part = data.join(PART);
    if part.exists() {
        fs::remove_dir_all(&part).map_err(UpkeepError::file("delete", &part))?;
    }
    fs::create_dir_all(&part).map_err(UpkeepError::file("make", &part))?;
    for entry in &manifest.files {
        told(&entry.path);
        let to = part.join(&entry.path);
        let taken = opened.take(entry, &to).and_then(|(bytes, sha256)| {
            if (bytes, &sha256) == (entry.bytes, &entry.sha256) {
                Ok(())
            } else {
                Err(std::io::Error::other("it is not what was backed up"))
            }
        });
        if let Err(error) = taken {
            // Nothing of the folder was touched.
            let _ = fs::remove_dir_all(&part);
            return Err(unusable(format!("{}: {error}", entry.path)));
        }
    }
    if let Some(last) = last
        && ends::batch_at(&journal_path(&part), last.0)? != Some(last)
    {
        fs::remove_dir_all(&part).map_err(UpkeepError::file("delete", &part))?;
        return Err(UpkeepError::Parted {
            folder: data.to_owned(),
            position: last.0,
        });
    }
    // Nothing takes the place of what is there before it is on the disk, its names too.
    sync_tree(&part)?;
    let aside = move_aside(data, manifest.made_unix_ms)?;
    for entry in fs::read_dir(&part).map_err(UpkeepError::file("list", &part))? {
        let entry = entry.map_err(UpkeepError::file("list", &part))?;
        let to = data.join(entry.file_name());
        fs::rename(entry.path(), &to).map_err(UpkeepError::file("move", &to))?;
    }
    fs::remove_dir(&part).map_err(UpkeepError::file("delete", &part))?;
    sync_folder(data)?;
    Ok(Restored { manifest, aside })
}

/// The last batch of the folder's own journal, which the backup must have too; `None` where the folder
/// has no journal or its end cannot be read. Refuses a backup that ends before.
fn continued(data: &Path, manifest: &Manifest) -> Result<Option<End>, UpkeepError> {
    let path = journal_path(data);
    if !path.is_file() {
        return Ok(None);
    }
    // What a damaged journal had acknowledged is all the same known by its mark.
    let (last, mark) = (ends::last_of(&path), marked_position(&path));
    let there = match (&last, mark) {
        (Ok(last), mark) => last.map_or(0, |last| last.0).max(mark.unwrap_or(0)),
        (Err(_), Some(mark)) => mark,
        (Err(error), None) => {
            return Err(UpkeepError::EndUnknown {
                journal: path,
                reason: error.to_string(),
            });
        }
    };
    if there > manifest.journal_position {
        return Err(UpkeepError::Older {
            folder: data.to_owned(),
            there,
            backup: manifest.journal_position,
        });
    }
    Ok(last.ok().flatten())
}

/// Moves what a data folder holds aside.
fn move_aside(data: &Path, made_unix_ms: i64) -> Result<Option<PathBuf>, UpkeepError> {
    let mut held = Vec::new();
    for entry in fs::read_dir(data).map_err(UpkeepError::file("list", data))? {
        let name = entry.map_err(UpkeepError::file("list", data))?.file_name();
        let text = name.to_string_lossy().into_owned();
        let ours = [".sqlite", ".sqlite-wal", ".sqlite-shm", ".key", ".mark"]
            .iter()
            .any(|ending| text.ends_with(ending));
        if ours || text == "samples" || text == "demo-fleet.json" {
            held.push(name);
        }
    }
    if held.is_empty() {
        return Ok(None);
    }
    let aside = (0..REPLACED_MAX)
        .map(|number| data.join(format!("replaced-{made_unix_ms}-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| data.join("replaced"));
    fs::create_dir(&aside).map_err(UpkeepError::file("make", &aside))?;
    for name in held {
        let from = data.join(&name);
        fs::rename(&from, aside.join(&name)).map_err(UpkeepError::file("move", &from))?;
    }
    sync_folder(&aside)?;
    Ok(Some(aside))
}

impl Opened {
    fn open(backup: &Path) -> Result<Self, UpkeepError> {
        if backup.is_dir() {
            return Ok(Self::Folder(backup.to_owned()));
        }
        let file = File::open(backup).map_err(UpkeepError::file("read", backup))?;
        let archive = ZipArchive::new(file).map_err(|error| UpkeepError::Unusable {
            backup: backup.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self::Zip(Box::new(archive)))
    }

    fn manifest(&mut self, backup: &Path) -> Result<Manifest, UpkeepError> {
        let unusable = |reason: String| UpkeepError::Unusable {
            backup: backup.to_owned(),
            reason: format!("{MANIFEST}: {reason}"),
        };
        let bytes = match self {
            Self::Folder(folder) => File::open(folder.join(MANIFEST))
                .and_then(|file| read_small(file, MANIFEST_BYTES_MAX)),
            Self::Zip(archive) => archive
                .by_name(MANIFEST)
                .map_err(std::io::Error::from)
                .and_then(|file| read_small(file, MANIFEST_BYTES_MAX)),
        };
        let bytes = bytes.map_err(|error| unusable(error.to_string()))?;
        // A later form may have fields that are not known here.
        let Form { form } =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        if form > FORM {
            return Err(UpkeepError::LaterForm {
                backup: backup.to_owned(),
                found: form,
                known: FORM,
            });
        }
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        if manifest.files.len() > FILES_MAX {
            return Err(unusable(format!("more than {FILES_MAX} files")));
        }
        for entry in &manifest.files {
            let mut parts = Path::new(&entry.path).components();
            if entry.path.is_empty() || !parts.all(|one| matches!(one, Component::Normal(_))) {
                return Err(unusable(format!(
                    "{:?} is no path within a folder",
                    entry.path
                )));
            }
        }
        Ok(manifest)
    }

    /// Copies a file out of the backup.
    fn take(&mut self, entry: &FileEntry, to: &Path) -> std::io::Result<(u64, String)> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = private_file(to).map_err(std::io::Error::other)?;
        let copied = match self {
            Self::Folder(folder) => pump(
                File::open(folder.join(&entry.path))?,
                &mut file,
                entry.bytes,
            ),
            Self::Zip(archive) => pump(archive.by_name(&entry.path)?, &mut file, entry.bytes),
        }?;
        file.sync_all()?;
        Ok(copied)
    }
}

//! A copy of a data folder from which a collector goes on: made while it serves.
//!
//! Each file is one moment of itself; what refers to another is copied before it. The index of samples
//! comes first and the months after it, less what they hold of series that the index does not know yet:
//! whatever lies behind the index's position comes again from the journal. Then every other database,
//! then the journal, and last the registry, which must know every agent of the journal.
//!
//! `backup.json` names each file with its length and SHA-256. A backup is a folder or one ZIP file
//! (stored, ZIP64), which any archiver opens. It holds the collector's keys: whoever has it can speak
//! in this collector's name.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read as _, Seek, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, backup::Backup};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{UpkeepError, journal, sync_folder, sync_tree};
use crate::store::{StoreError, sound};

/// Version of a backup's form.
pub(super) const FORM: u32 = 1;
/// The file that names the others.
pub(super) const MANIFEST: &str = "backup.json";
/// The index of samples.
const INDEX: &str = "samples/index.sqlite";
/// Pages that are copied before word is given of it.
const PAGES: i32 = 16_384;
/// Bytes read at once.
const BLOCK: usize = 256 * 1024;
/// Files that are no database.
const PLAIN: [&str; 3] = ["collector.key", "line.key", "demo-fleet.json"];

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of its form.
    pub form: u32,
    /// The program that made it.
    pub software: String,
    /// When, Unix milliseconds.
    pub made_unix_ms: i64,
    /// Last position of its journal: everything acknowledged up to there is in it.
    pub journal_position: u64,
    /// Its files.
    pub files: Vec<FileEntry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path below the data folder.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

enum Sink {
    Folder(PathBuf),
    Zip(Box<ZipWriter<File>>, PathBuf),
}

/// Copies a data folder to `output`: to a ZIP file when its name ends in `.zip`, else to a folder. What
/// is there under that name is never written over. `told` hears how far it is, for a person.
pub fn backup(
    data: &Path,
    output: &Path,
    made_unix_ms: i64,
    told: &mut dyn FnMut(&str),
) -> Result<Manifest, UpkeepError> {
    drop(journal(data)?);
    if output.exists() {
        return Err(UpkeepError::Exists(output.to_owned()));
    }
    let mut part = output.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let result = write(data, &part, output, (made_unix_ms, told));
    if result.is_err() {
        // Half a backup is none.
        let _ = fs::remove_dir_all(&part);
    }
    result
}

fn write(
    data: &Path,
    part: &Path,
    output: &Path,
    (made_unix_ms, told): (i64, &mut dyn FnMut(&str)),
) -> Result<Manifest, UpkeepError> {
    if part.exists() {
        fs::remove_dir_all(part).map_err(UpkeepError::file("delete", part))?;
    }
    let stage = part.join("stage");
    fs::create_dir_all(&stage).map_err(UpkeepError::file("make", &stage))?;
    let whole = part.join("whole");
    let mut sink = if output.extension().is_some_and(|ending| ending == "zip") {
        let file = private_file(&whole)?;
        Sink::Zip(Box::new(ZipWriter::new(file)), whole.clone())
    } else {
        fs::create_dir(&whole).map_err(UpkeepError::file("make", &whole))?;
        Sink::Folder(whole.clone())
    };
    let mut files = Vec::new();
    let (mut series, mut sites, mut journal_position) = (i64::MAX, i64::MAX, 0);
    // Listed one after another: a month that begins while the index is copied is sealed for that copy.
    for list in [index, months, others] {
        for name in list(data)? {
            told(&name);
            let staged = stage.join("file");
            let mut progress = |left: i32| told(&format!("{name}: {left} pages left"));
            let Some(copy) = copy(&data.join(&name), &staged, &mut progress)? else {
                continue;
            };
            let count = |query| number(&copy, query);
            match name.as_str() {
                INDEX => {
                    series = count("SELECT coalesce(max(id), 0) FROM series")?;
                    sites = count("SELECT coalesce(max(id), 0) FROM site")?;
                }
                "journal.sqlite" => {
                    journal_position = count("SELECT coalesce(max(position), 0) FROM batch")?;
                }
                month if month.starts_with("samples/") => prune(&copy, series, sites)?,
                _ => {}
            }
            close(copy, &staged)?;
            files.push(sink.add(&name, &staged)?);
        }
    }
    for name in PLAIN {
        let (from, staged) = (data.join(name), stage.join("file"));
        if from.is_file() {
            fs::copy(&from, &staged).map_err(UpkeepError::file("copy", &from))?;
            files.push(sink.add(name, &staged)?);
        }
    }
    let manifest = Manifest {
        form: FORM,
        software: format!("desserte {}", env!("CARGO_PKG_VERSION")),
        made_unix_ms,
        journal_position: u64::try_from(journal_position).unwrap_or(0),
        files,
    };
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| UpkeepError::file("write", &whole)(error.into()))?;
    let staged = stage.join("file");
    fs::write(&staged, text).map_err(UpkeepError::file("write", &staged))?;
    sink.add(MANIFEST, &staged)?;
    sink.finish()?;
    fs::rename(&whole, output).map_err(UpkeepError::file("rename", output))?;
    let beside = output.parent().filter(|one| !one.as_os_str().is_empty());
    sync_folder(beside.unwrap_or(Path::new(".")))?;
    fs::remove_dir_all(part).map_err(UpkeepError::file("delete", part))?;
    Ok(manifest)
}

/// The databases of a folder, by name.
fn names(folder: &Path) -> Result<BTreeSet<String>, UpkeepError> {
    let mut found = BTreeSet::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder).map_err(UpkeepError::file("list", folder))? {
        let entry = entry.map_err(UpkeepError::file("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sqlite") {
            found.insert(name);
        }
    }
    Ok(found)
}

fn index(data: &Path) -> Result<Vec<String>, UpkeepError> {
    let index = names(&data.join("samples"))?.take("index.sqlite");
    Ok(index.map(|_| INDEX.to_owned()).into_iter().collect())
}

/// Months, which are worth nothing without their index.
fn months(data: &Path) -> Result<Vec<String>, UpkeepError> {
    let mut names = names(&data.join("samples"))?;
    if !names.remove("index.sqlite") {
        return Ok(Vec::new());
    }
    let below = |name| format!("samples/{name}");
    Ok(names.into_iter().map(below).collect())
}

/// What lies beside the samples, in the order in which it is copied.
fn others(data: &Path) -> Result<Vec<String>, UpkeepError> {
    let mut others = names(data)?;
    let last: Vec<String> = ["journal.sqlite", "registry.sqlite"]
        .into_iter()
        .filter(|name| others.remove(*name))
        .map(str::to_owned)
        .collect();
    Ok(others.into_iter().chain(last).collect())
}

/// Copies a database as it is at one moment, whoever writes it meanwhile; `None` when it went away.
fn copy(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(i32),
) -> Result<Option<Connection>, UpkeepError> {
    let failed = StoreError::database("copy database");
    if !from.is_file() {
        return Ok(None);
    }
    let source =
        Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(&failed)?;
    // A transaction that reads holds the moment; without one each change would begin the copy anew.
    source
        .execute_batch("BEGIN")
        .and_then(|()| source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))
        .map_err(&failed)?;
    drop(private_file(to)?);
    let mut copy = Connection::open(to).map_err(&failed)?;
    {
        let running = Backup::new(&source, &mut copy).map_err(&failed)?;
        while running.step(PAGES).map_err(&failed)? != rusqlite::backup::StepResult::Done {
            progress(running.progress().remaining);
        }
    }
    Ok(Some(copy))
}

fn number(copy: &Connection, query: &str) -> Result<i64, UpkeepError> {
    let found = copy.query_row(query, [], |row| row.get(0));
    Ok(found.map_err(StoreError::database("read copy"))?)
}

/// Takes out of a month what the copied index knows no number of.
fn prune(copy: &Connection, series: i64, sites: i64) -> Result<(), UpkeepError> {
    let statements = [
        ("DELETE FROM chunk WHERE key >= ?", series),
        ("DELETE FROM day WHERE key >= ?", series),
        ("DELETE FROM sketch WHERE key >= ?", series),
        ("DELETE FROM evidence WHERE key >= ?", sites),
    ];
    for (statement, last) in statements {
        copy.execute(statement, [last.saturating_add(1).saturating_mul(32)])
            .map_err(StoreError::database("prune copy"))?;
    }
    Ok(())
}

/// Checks a copy and makes it one file.
fn close(copy: Connection, path: &Path) -> Result<(), UpkeepError> {
    sound::check(&copy).map_err(|reason| UpkeepError::Unusable {
        backup: path.to_owned(),
        reason,
    })?;
    copy.pragma_update(None, "journal_mode", "DELETE")
        .map_err(StoreError::database("close copy"))?;
    copy.close()
        .map_err(|(_, error)| StoreError::database("close copy")(error).into())
}

/// A new file that only its owner reads.
pub(super) fn private_file(path: &Path) -> Result<File, UpkeepError> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(UpkeepError::file("make", path))
}

/// Copies bytes and takes their length and SHA-256.
pub(super) fn pump(
    mut from: impl std::io::Read,
    to: &mut impl Write,
    most: u64,
) -> std::io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut length: u64 = 0;
    loop {
        let read = from.read(&mut block)?;
        let Some(piece) = block.get(..read).filter(|piece| !piece.is_empty()) else {
            return Ok((length, data_encoding::HEXLOWER.encode(&hash.finalize())));
        };
        length += u64::try_from(read).unwrap_or(u64::MAX);
        if length > most {
            return Err(std::io::Error::other("longer than it says"));
        }
        hash.update(piece);
        to.write_all(piece)?;
    }
}

impl Sink {
    /// Takes a staged file into the backup.
    fn add(&mut self, name: &str, staged: &Path) -> Result<FileEntry, UpkeepError> {
        let read = UpkeepError::file("read", staged);
        let from = File::open(staged).map_err(read)?;
        let (bytes, sha256) = match self {
            Self::Folder(folder) => {
                let to = folder.join(name);
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent).map_err(UpkeepError::file("make", parent))?;
                }
                let mut file = private_file(&to)?;
                let copied = pump(from, &mut file, u64::MAX).and_then(|copied| {
                    file.sync_all()?;
                    Ok(copied)
                });
                copied.map_err(UpkeepError::file("write", &to))?
            }
            Self::Zip(archive, path) => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .unix_permissions(0o600)
                    .large_file(true);
                let failed = UpkeepError::file("write", path);
                archive
                    .start_file(name, options)
                    .map_err(std::io::Error::from)
                    .and_then(|()| pump(from, archive, u64::MAX))
                    .map_err(failed)?
            }
        };
        fs::remove_file(staged).map_err(UpkeepError::file("delete", staged))?;
        Ok(FileEntry {
            path: name.to_owned(),
            bytes,
            sha256,
        })
    }

    /// Brings it to the disk.
    fn finish(self) -> Result<(), UpkeepError> {
        let (archive, path) = match self {
            Self::Folder(folder) => return sync_tree(&folder),
            Self::Zip(archive, path) => (archive, path),
        };
        archive
            .finish()
            .map_err(std::io::Error::from)
            .and_then(|mut file| {
                file.flush()?;
                file.rewind()?;
                file.sync_all()
            })
            .map_err(UpkeepError::file("write", &path))
    }
}

/// Reads a whole small file.
pub(super) fn read_small(mut from: impl std::io::Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.by_ref().take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(std::io::Error::other("too large"))
    }
}

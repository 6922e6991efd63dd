//! Files and sockets.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Text;

/// What went wrong with a file that a command reads or writes.
#[derive(Debug)]
pub(in crate::cli) enum FileError {
    /// It cannot be read.
    Read(PathBuf, std::io::Error),
    /// It cannot be written.
    Write(PathBuf, std::io::Error),
    /// The folder cannot be made.
    Folder(PathBuf, std::io::Error),
    /// It is larger than its limit: its bytes and those allowed.
    TooLarge(PathBuf, u64, u64),
    /// It is no text in UTF-8.
    NotUtf8(PathBuf),
    /// The result cannot be written to stdout.
    Stdout(std::io::Error),
}

impl From<FileError> for Text {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Read(file, error) => reading(&file, &reason(&error)),
            FileError::Write(file, error) => writing(&file, &reason(&error)),
            FileError::Folder(folder, error) => data_folder(&folder, &reason(&error)),
            FileError::TooLarge(file, bytes, most) => reading(
                &file,
                &Self::new(
                    format!("{bytes} octets dépassent la limite de {most}"),
                    format!("{bytes} bytes are more than {most}"),
                ),
            ),
            FileError::NotUtf8(file) => reading(
                &file,
                &Self::new("ce n’est pas du texte en UTF-8", "not UTF-8 text")
                    .with_advice("enregistrez-le en UTF-8", "save it as UTF-8"),
            ),
            FileError::Stdout(error) => Self::new(
                format!("écriture sur la sortie standard : {}", reason(&error).fr),
                format!("writing to stdout: {}", reason(&error).en),
            ),
        }
    }
}

pub(super) fn reading(file: &Path, why: &Text) -> Text {
    operation("lecture de", "reading", file, why)
}

pub(super) fn writing(file: &Path, why: &Text) -> Text {
    operation("écriture de", "writing", file, why)
}

pub(super) fn data_folder(folder: &Path, why: &Text) -> Text {
    operation("dossier de données", "data folder", folder, why).with_advice(
        "donnez par --data un dossier que ce compte peut lire et écrire",
        "give with --data a folder that this account may read and write",
    )
}

fn operation(fr: &str, en: &str, file: &Path, why: &Text) -> Text {
    let file = file.display();
    Text::new(
        format!("{fr} {file} : {}", why.fr),
        format!("{en} {file}: {}", why.en),
    )
}

/// Why the system refused; what it says itself when no words are known here.
pub(super) fn reason(error: &std::io::Error) -> Text {
    let (fr, en) = match error.kind() {
        ErrorKind::NotFound => ("introuvable", "not found"),
        ErrorKind::PermissionDenied => ("accès refusé", "permission denied"),
        ErrorKind::AlreadyExists => (
            "existe déjà, et n’est pas un dossier",
            "exists already, and is no folder",
        ),
        ErrorKind::NotADirectory => ("n’est pas un dossier", "not a folder"),
        ErrorKind::IsADirectory => ("est un dossier", "is a folder"),
        ErrorKind::StorageFull => ("disque plein", "the disk is full"),
        ErrorKind::ReadOnlyFilesystem => ("disque en lecture seule", "read-only disk"),
        ErrorKind::BrokenPipe => ("lecteur parti", "the reader has gone"),
        ErrorKind::InvalidData => ("ce n’est pas du texte en UTF-8", "not UTF-8 text"),
        ErrorKind::AddrInUse => (
            "port déjà pris ; arrêtez le programme qui l’occupe, ou donnez un autre port (0 : au choix du système)",
            "port taken; stop the program that has it, or give another port (0: the system chooses)",
        ),
        ErrorKind::AddrNotAvailable => (
            "cette machine n’a pas cette adresse",
            "this machine has no such address",
        ),
        _ => return Text::new(error.to_string(), error.to_string()),
    };
    Text::new(fr, en)
}

//! What is done to a data folder beside serving it.

use super::Text;
use super::files::reason;
use crate::upkeep::UpkeepError;

impl From<UpkeepError> for Text {
    fn from(error: UpkeepError) -> Self {
        let fr = match &error {
            UpkeepError::NoData { folder, missing } => format!(
                "{} ne contient pas les données d’un collecteur : {missing} n’y est pas",
                folder.display()
            ),
            UpkeepError::Served(folder) => format!(
                "un autre processus sert {} ; arrêtez-le d’abord",
                folder.display()
            ),
            UpkeepError::File { file, source, .. } => {
                return reason(source).about(file.display());
            }
            UpkeepError::Exists(path) => {
                format!("{} existe déjà ; donnez un autre nom", path.display())
            }
            UpkeepError::Unusable { backup, reason } => {
                format!("sauvegarde {} : {reason}", backup.display())
            }
            UpkeepError::LaterForm {
                backup,
                found,
                known,
            } => format!(
                "la sauvegarde {} est de la forme {found}, plus récente que {known}, la dernière connue ici ; utilisez la \
                 version du programme qui l’a faite",
                backup.display()
            ),
            UpkeepError::Older {
                folder,
                there,
                backup,
            } => format!(
                "le journal de {} va à la position {there}, la sauvegarde seulement à {backup} : ce qui a été accepté depuis \
                 serait perdu ; --accept-older la remet tout de même",
                folder.display()
            ),
            UpkeepError::Parted { folder, position } => format!(
                "le journal de {} contient à la position {position}, sa dernière, un autre lot que la sauvegarde : les deux se \
                 sont séparés avant, comme après la remise d’une copie plus ancienne, et ce qui a été accepté depuis serait \
                 perdu ; --accept-older remet la sauvegarde tout de même",
                folder.display()
            ),
            UpkeepError::EndUnknown { journal, reason } => format!(
                "on ne sait pas jusqu’où allait {}, car il est illisible ({reason}) et journal.mark n’est pas à côté de lui ; \
                 --accept-older remet la sauvegarde tout de même",
                journal.display()
            ),
            UpkeepError::Store(_) | UpkeepError::Registry(_) => String::new(),
        };
        match error {
            UpkeepError::Store(error) => error.into(),
            UpkeepError::Registry(error) => error.into(),
            other => Self::new(fr, other.to_string()),
        }
    }
}

//! The data folder and the services on it.

use super::Text;
use super::files::{data_folder, reason, writing};
use crate::agents::AgentsError;
use crate::api::server::ServerError;
use crate::app::{AppError, SourceError};
use crate::collector::CollectorError;
use crate::collector::identity::IdentityError;
use crate::config::Language;
use crate::demo::DemoError;
use crate::doors::tls::TlsError;
use crate::layers::LayersError;
use crate::serve::ServeError;
use crate::staging::StagingError;
use crate::store::{StoreError, sound::Remedy};

/// A part of the program in both languages, then what failed in it, quoted.
fn part(fr: &str, en: &str, detail: impl std::fmt::Display) -> Text {
    Text::new(format!("{fr} : {detail}"), format!("{en}: {detail}"))
}

/// What to do about a damaged file, in French.
fn advice(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::MadeAgain => {
            "supprimez le dossier samples : il est refait à partir du journal au prochain démarrage"
        }
        Remedy::SamplesBackup => {
            "remettez le dossier samples de la dernière sauvegarde, et ne le supprimez pas avant : le journal \
             n’a plus tout ce dont il a été fait ([retention] evidence_months)"
        }
        Remedy::Backup => {
            "remettez la dernière sauvegarde (desserte restore) ; les agents renvoient ce qu’ils détiennent"
        }
    }
}

/// What to do, in French, to go on from a journal that is shorter than it or its samples were.
fn to_go_on(remedy: Remedy, made_again: &'static str) -> &'static str {
    match remedy {
        Remedy::MadeAgain => made_again,
        Remedy::SamplesBackup | Remedy::Backup => {
            "remettez la dernière sauvegarde (desserte restore --accept-older) ; le dossier samples ne peut pas être refait : \
             ce journal n’a plus tout ce dont il a été fait"
        }
    }
}

impl From<StoreError> for Text {
    fn from(error: StoreError) -> Self {
        let fr = match &error {
            StoreError::Database { operation, source } => {
                format!("mesures : {operation} : {source}")
            }
            StoreError::Full { operation } => {
                format!("mesures : {operation} : disque plein ; libérez de la place")
            }
            StoreError::Newer { file, found, known } => format!(
                "mesures : {} est de la version {found}, plus récente que {known}, la dernière connue ici ; utilisez la \
                 version du programme qui l’a écrit",
                file.display()
            ),
            StoreError::Damaged { what, reason } => {
                format!("mesures : valeur illisible ({what}) : {reason}")
            }
            StoreError::Broken {
                file,
                reason,
                remedy,
            } => {
                let advice = advice(*remedy);
                format!("{} est abîmé : {reason} ; {advice}", file.display())
            }
            StoreError::Shorter {
                file,
                last,
                mark,
                remedy,
            } => format!(
                "{} s’arrête à la position {last} alors qu’il allait à {mark} : c’est une copie plus ancienne, ou sa fin est \
                 perdue ; remettez le plus récent, ou {}",
                file.display(),
                to_go_on(
                    *remedy,
                    "pour continuer sans ce qui est perdu, supprimez journal.mark et le dossier samples à côté de lui"
                )
            ),
            StoreError::EvidenceGone { folder } => format!(
                "dossier de données {} : les mesures devraient être refaites à partir du journal, mais celui-ci n’a plus \
                 tous ses lots ([retention] evidence_months) ; remettez le dossier samples d’une sauvegarde",
                folder.display()
            ),
            StoreError::Away {
                operation, reason, ..
            } => format!("mesures : {operation} : {reason}"),
            StoreError::Rewound { position } => {
                format!("mesures : le serveur n’est rempli que jusqu’à la position {position}")
            }
            StoreError::Elsewhere { server, here } => format!(
                "les mesures de ce dossier sont sur un serveur InfluxDB 2 (jusqu’à la position {server} du journal ; ses \
                 propres fichiers ne vont qu’à {here}), que cette commande n’interroge pas ; interrogez le collecteur en \
                 service par HTTP (docs/store.md)"
            ),
            StoreError::Busy { operation } => {
                format!("mesures : {operation} : trop d’écritures en attente ; réessayez")
            }
            StoreError::Stopped { operation } => {
                format!("mesures : {operation} : l’écriture s’est arrêtée")
            }
            StoreError::Log(error) => return super::ledger::log(error),
        };
        Self::new(fr, error.to_string())
    }
}

impl From<LayersError> for Text {
    fn from(error: LayersError) -> Self {
        match &error {
            LayersError::Database { source, .. } => {
                Self::new(format!("couches : {source}"), error.to_string()).with_advice(
                    "vérifiez le dossier donné par --data",
                    "check the folder given with --data",
                )
            }
            LayersError::Content { name, reason } => Self::new(
                format!("couches : « {name} » est illisible : {reason} ; importez-la de nouveau"),
                error.to_string(),
            ),
            LayersError::NotRestorable { import, reason } => {
                let fr = match *reason {
                    "the layer was imported again since" => {
                        "la couche a été importée de nouveau depuis"
                    }
                    _ => "cet import est inconnu ici",
                };
                Self::new(format!("import {import} : {fr}"), error.to_string())
            }
        }
    }
}

impl From<StagingError> for Text {
    fn from(error: StagingError) -> Self {
        match error {
            StagingError::Import(error) => error.into(),
            StagingError::Registry(error) => error.into(),
            StagingError::Layers(error) => error.into(),
            other => Self::new(other.text_fr(), other.to_string()),
        }
    }
}

impl From<SourceError> for Text {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Registry(error) => error.into(),
            SourceError::Store(error) => error.into(),
            SourceError::Ledger(error) => error.into(),
        }
    }
}

impl From<AppError> for Text {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Source(error) => error.into(),
            AppError::Layers(error) => error.into(),
        }
    }
}

impl From<IdentityError> for Text {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::File { path, source } => {
                data_folder(&path, &reason(&source)).about_key()
            }
            IdentityError::Damaged(path) => Self::new(
                format!("{} ne contient pas une clé de 32 octets", path.display()),
                format!("{} does not hold a key of 32 bytes", path.display()),
            )
            .with_advice("remettez-le d’une sauvegarde", "put it back from a backup"),
            other => part("identité du collecteur", "the collector's identity", other),
        }
    }
}

impl Text {
    fn about_key(self) -> Self {
        Self::new(
            format!("fichier de clé : {}", self.fr),
            format!("key file: {}", self.en),
        )
    }
}

impl From<CollectorError> for Text {
    fn from(error: CollectorError) -> Self {
        match &error {
            CollectorError::Folder { path, source, .. } => data_folder(path, &reason(source)),
            CollectorError::InUse(folder) => Self::new(
                format!(
                    "un autre serveur utilise déjà le dossier de données {}",
                    folder.display()
                ),
                format!(
                    "another server runs on the data folder {}",
                    folder.display()
                ),
            )
            .with_advice(
                "arrêtez-le, ou donnez un autre dossier par --data",
                "stop it, or give another folder with --data",
            ),
            CollectorError::StoreAhead {
                path,
                applied,
                last,
                remedy,
            } => Self::new(
                format!(
                    "dossier de données {} : les mesures vont à la position {applied}, le journal seulement à {last} : \
                     le journal est une copie plus ancienne ; remettez la plus récente, ou {}",
                    path.display(),
                    to_go_on(
                        *remedy,
                        "supprimez le dossier samples (avec un serveur : nommez un compartiment vide) pour repartir de \
                         celle-ci"
                    )
                ),
                error.to_string(),
            ),
            _ => match error {
                CollectorError::Identity(error) => error.into(),
                CollectorError::Registry(error) => error.into(),
                CollectorError::Store(error) => error.into(),
                CollectorError::Ledger(error) => error.into(),
                other => part("collecteur", "collector", other),
            },
        }
    }
}

impl From<ServerError> for Text {
    fn from(error: ServerError) -> Self {
        match &error {
            ServerError::NotLoopback(address) => Self::new(
                format!(
                    "--web {address} : seule la boucle locale (127.0.0.1 ou [::1]) est permise tant qu’il \
                     n’y a pas de comptes ; ajoutez le premier administrateur par « desserte users add », \
                     ou passez par un tunnel"
                ),
                error.to_string(),
            ),
            ServerError::NoTls(address) => Self::new(
                format!(
                    "--web {address} : hors de la boucle locale, il faut web.certificate et web.key, ou, à \
                     une adresse privée, web.trusted_proxies"
                ),
                error.to_string(),
            ),
            ServerError::Certificate(error) => Self::new(tls_in_french(error), error.to_string()),
            ServerError::Tls(source) => part("service web : tls", "web listener: tls", source),
            ServerError::Bind { address, source } => {
                reason(source).about(format!("--web {address}"))
            }
            ServerError::Serve(source) => part("service web", "web listener", source),
        }
    }
}

fn tls_in_french(error: &TlsError) -> String {
    let what = match error {
        TlsError::Read { file, source } => {
            format!("{} : {}", file.display(), reason(source).pick(Language::Fr))
        }
        TlsError::Content { file, reason } => {
            let why = match reason.as_str() {
                "holds no certificate in PEM" => "ne contient aucun certificat PEM",
                "holds no private key in PEM" => "ne contient aucune clé privée PEM",
                other => other,
            };
            format!("{} : {why}", file.display())
        }
        TlsError::Pair { files, source } => format!(
            "{} et {} ne vont pas ensemble : {source}",
            files.certificate.display(),
            files.key.display()
        ),
    };
    format!("certificat de la page : {what}")
}

impl From<ServeError> for Text {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::AgentsListener(AgentsError::Identity(error)) => error.into(),
            ServeError::AgentsListener(AgentsError::Address(error)) => {
                part("service des agents", "agents' listener", error)
            }
            ServeError::Web(error) => error.into(),
            ServeError::Agents { address, source } => {
                reason(&source).about(format!("--agents {address}"))
            }
            ServeError::EmptyPage { address, source } => {
                reason(&source).about(format!("agents.empty_page {address}"))
            }
            ServeError::Collector(error) => error.into(),
            ServeError::Imports(error) => error.into(),
            ServeError::Plans(error) => error.into(),
            ServeError::Config(error) => error.into(),
            ServeError::Layers(error) => error.into(),
            ServeError::App(error) => error.into(),
            ServeError::File { file, source } => writing(&file, &reason(&source)),
            ServeError::Ended(detail) => part(
                "un service s’est arrêté de lui-même",
                "a listener ended",
                detail,
            ),
        }
    }
}

impl From<DemoError> for Text {
    fn from(error: DemoError) -> Self {
        let own = (
            "fichiers de la démonstration",
            "the demonstration's own files",
        );
        match error {
            DemoError::Serve(error) => error.into(),
            DemoError::Registry(error) => error.into(),
            DemoError::Layers(error) => error.into(),
            DemoError::Shipped(detail) => part(own.0, own.1, detail),
            DemoError::Import(error) => part(own.0, own.1, error),
            DemoError::Target(error) => part("page à mesurer", "the page to measure", error),
            DemoError::Agent(detail) => part(
                "agent de la démonstration",
                "the demonstration's agent",
                detail,
            ),
            DemoError::Fleet(detail) => part("flotte simulée", "the simulated fleet", detail),
        }
    }
}

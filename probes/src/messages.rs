//! What a technician reads when the program fails: what happened and what to do, in his language.
//! The exact error follows in brackets, for whoever is asked for help.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    agent::AgentError,
    config::{ConfigError, Language},
    files::FileError,
    identity::IdentityError,
    kinds::icmp::IcmpError,
    spool::SpoolError,
    status::NoStatus,
    upload::CollectorError,
};

/// What happened, as far as it changes what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    CodeUnreadable,
    CodeUnknownOrUsed,
    CodeExpired,
    OtherCollector,
    NotACollector,
    AddressUnreadable,
    NameNotFound(String),
    CannotConnect(String),
    TooSlow,
    Busy,
    Refused(u16),
    NoDataFolder(PathBuf),
    NotEnrolled(PathBuf),
    AlreadyEnrolled(PathBuf),
    AlreadyRunning(PathBuf),
    NeverRan(PathBuf),
    Damaged,
    Configuration(PathBuf),
    IcmpRefused,
    NotAllowed(PathBuf),
    DiskFull(PathBuf),
    Other,
}

/// The whole text for an error: what, what to do, and the exact error in brackets.
pub(crate) fn explain(error: &anyhow::Error, language: Language) -> String {
    let (what, to_do) = problem_of(error).text(language);
    match language {
        Language::Fr => format!("{what}\n  À faire : {to_do}\n  ({error:#})"),
        Language::En => format!("{what}\n  What to do: {to_do}\n  ({error:#})"),
    }
}

fn problem_of(error: &anyhow::Error) -> Problem {
    if let Some(error) = error.downcast_ref() {
        return of_identity(error);
    }
    if let Some(error) = error.downcast_ref() {
        return of_agent(error);
    }
    if let Some(ConfigError { path, .. }) = error.downcast_ref() {
        return Problem::Configuration(path.clone());
    }
    if let Some(NoStatus(data)) = error.downcast_ref() {
        return missing(data).unwrap_or_else(|| Problem::NeverRan(data.clone()));
    }
    error.downcast_ref().map_or(Problem::Other, of_file)
}

fn of_agent(error: &AgentError) -> Problem {
    match error {
        AgentError::Identity(error) => of_identity(error),
        AgentError::File(error) | AgentError::Spool(SpoolError::File(error)) => of_file(error),
        AgentError::Spool(_) => Problem::Damaged,
        AgentError::Icmp(IcmpError::Refused(_)) => Problem::IcmpRefused,
        AgentError::Locked(data) => Problem::AlreadyRunning(data.clone()),
        AgentError::Icmp(IcmpError::Thread(_)) | AgentError::Boot(_) => Problem::Other,
    }
}

fn of_identity(error: &IdentityError) -> Problem {
    match error {
        IdentityError::File(error) => of_file(error),
        IdentityError::NotEnrolled(data) => {
            missing(data).unwrap_or_else(|| Problem::NotEnrolled(data.clone()))
        }
        IdentityError::AlreadyEnrolled(data) => Problem::AlreadyEnrolled(data.clone()),
        IdentityError::Damaged { .. } => Problem::Damaged,
        IdentityError::Code(_) => Problem::CodeUnreadable,
        IdentityError::Collector(error) => of_collector(error),
        IdentityError::WrongCollector => Problem::OtherCollector,
    }
}

fn of_collector(error: &CollectorError) -> Problem {
    match error {
        CollectorError::Address(_) => Problem::AddressUnreadable,
        CollectorError::Resolve { host, .. } => Problem::NameNotFound(host.clone()),
        CollectorError::Connect { address, .. } => Problem::CannotConnect(address.to_string()),
        CollectorError::Tls { source, .. } => of_tls(source),
        CollectorError::Timeout(_) => Problem::TooSlow,
        CollectorError::Http { .. } | CollectorError::Answer { .. } => Problem::NotACollector,
        CollectorError::Refused { status, code, .. } => match (code.as_deref(), status) {
            (Some("code_unknown_or_used"), _) => Problem::CodeUnknownOrUsed,
            (Some("code_expired"), _) => Problem::CodeExpired,
            (_, 429 | 503) => Problem::Busy,
            _ => Problem::Refused(*status),
        },
    }
}

/// Only a certificate that carries another key shows another collector.
fn of_tls(error: &std::io::Error) -> Problem {
    let inner = error.get_ref().and_then(|e| e.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => Problem::OtherCollector,
        _ => Problem::NotACollector,
    }
}

fn of_file(error: &FileError) -> Problem {
    match error.source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Problem::NotAllowed(error.path.clone())
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Problem::DiskFull(error.path.clone()),
        _ => Problem::Other,
    }
}

fn missing(data: &Path) -> Option<Problem> {
    (!data.is_dir()).then(|| Problem::NoDataFolder(data.to_owned()))
}

impl Problem {
    fn text(&self, language: Language) -> (String, &'static str) {
        match language {
            Language::Fr => (self.french(), self.french_to_do()),
            Language::En => (self.english(), self.english_to_do()),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::CodeUnreadable => "le code d'enrôlement est illisible".into(),
            Self::CodeUnknownOrUsed => {
                "le collecteur ne connaît pas ce code, ou il a déjà servi".into()
            }
            Self::CodeExpired => "ce code d'enrôlement a expiré".into(),
            Self::OtherCollector => "ce serveur n'est pas le collecteur qui a donné le code".into(),
            Self::NotACollector => "ce serveur ne répond pas comme un collecteur Desserte".into(),
            Self::AddressUnreadable => "l'adresse du collecteur est illisible".into(),
            Self::NameNotFound(host) => format!("le nom {host} est introuvable"),
            Self::CannotConnect(address) => format!("impossible de se connecter à {address}"),
            Self::TooSlow => "le collecteur n'a pas répondu à temps".into(),
            Self::Busy => "le collecteur est occupé".into(),
            Self::Refused(status) => format!("le collecteur a refusé (HTTP {status})"),
            Self::NoDataFolder(data) => {
                format!("le dossier de données {} n'existe pas", data.display())
            }
            Self::NotEnrolled(data) => format!("aucun agent n'est enrôlé dans {}", data.display()),
            Self::AlreadyEnrolled(data) => {
                format!("un agent est déjà enrôlé dans {}", data.display())
            }
            Self::AlreadyRunning(data) => format!("l'agent de {} tourne déjà", data.display()),
            Self::NeverRan(data) => {
                format!("aucun agent n'a encore tourné dans {}", data.display())
            }
            Self::Damaged => "un fichier de l'agent est endommagé".into(),
            Self::Configuration(path) => {
                format!("la configuration {} est inutilisable", path.display())
            }
            Self::IcmpRefused => "le système refuse les mesures ICMP (ping) à ce programme".into(),
            Self::NotAllowed(path) => format!("accès refusé à {}", path.display()),
            Self::DiskFull(path) => format!("le disque est plein ({})", path.display()),
            Self::Other => "l'opération a échoué".into(),
        }
    }

    fn french_to_do(&self) -> &'static str {
        match self {
            Self::CodeUnreadable => "recopier le code entier, sans rien y ajouter.",
            Self::CodeUnknownOrUsed | Self::CodeExpired => {
                "demander un nouveau code au ministère, puis relancer « enrol »."
            }
            Self::OtherCollector => {
                "vérifier l'adresse et le code ; si les deux sont bons, ne pas insister et prévenir \
                 le ministère : quelqu'un intercepte peut-être la connexion."
            }
            Self::NotACollector => {
                "vérifier l'adresse et le port ; sur un réseau à portail, ouvrir d'abord le portail."
            }
            Self::AddressUnreadable => "écrire l'adresse sous la forme https://HÔTE:PORT.",
            Self::NameNotFound(_) => "vérifier le nom et le serveur de noms (/etc/resolv.conf).",
            Self::CannotConnect(_) => {
                "vérifier l'adresse, le port, le câble et le pare-feu, puis réessayer."
            }
            Self::TooSlow | Self::Busy => "réessayer dans quelques minutes.",
            Self::Refused(_) | Self::Other => "transmettre ce message au ministère.",
            Self::NoDataFolder(_) => {
                "vérifier le chemin donné à --data ; « enrol » crée le dossier d'un nouvel agent."
            }
            Self::NotEnrolled(_) => "lancer d'abord « desserte-probe enrol » avec un code.",
            Self::AlreadyEnrolled(_) => {
                "lancer « desserte-probe run », ou choisir un autre dossier pour un autre agent."
            }
            Self::AlreadyRunning(_) => {
                "ne rien faire, ou arrêter d'abord l'autre : « systemctl stop desserte-probe »."
            }
            Self::NeverRan(_) => "lancer « desserte-probe run », puis redemander l'état.",
            Self::Damaged => "enrôler de nouveau dans un autre dossier, et garder celui-ci.",
            Self::Configuration(_) => "corriger la clé ou la valeur nommée ci-dessous.",
            Self::IcmpRefused => {
                "lancer en administrateur : sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", \
                 ou donner CAP_NET_RAW au programme."
            }
            Self::NotAllowed(_) => "lancer sous le compte qui possède le dossier.",
            Self::DiskFull(_) => "libérer de la place sur le disque.",
        }
    }

    fn english(&self) -> String {
        match self {
            Self::CodeUnreadable => "the enrolment code cannot be read".into(),
            Self::CodeUnknownOrUsed => {
                "the collector does not know this code, or it has been used".into()
            }
            Self::CodeExpired => "this enrolment code has expired".into(),
            Self::OtherCollector => "this server is not the collector that gave the code".into(),
            Self::NotACollector => "this server does not answer like a Desserte collector".into(),
            Self::AddressUnreadable => "the collector's address cannot be read".into(),
            Self::NameNotFound(host) => format!("the name {host} was not found"),
            Self::CannotConnect(address) => format!("cannot connect to {address}"),
            Self::TooSlow => "the collector did not answer in time".into(),
            Self::Busy => "the collector is busy".into(),
            Self::Refused(status) => format!("the collector refused (HTTP {status})"),
            Self::NoDataFolder(data) => {
                format!("the data folder {} does not exist", data.display())
            }
            Self::NotEnrolled(data) => format!("no agent is enrolled in {}", data.display()),
            Self::AlreadyEnrolled(data) => {
                format!("an agent is already enrolled in {}", data.display())
            }
            Self::AlreadyRunning(data) => {
                format!("the agent of {} is already running", data.display())
            }
            Self::NeverRan(data) => format!("no agent ran in {} yet", data.display()),
            Self::Damaged => "a file of the agent is damaged".into(),
            Self::Configuration(path) => {
                format!("the configuration {} cannot be used", path.display())
            }
            Self::IcmpRefused => "the system refuses ICMP (ping) to this program".into(),
            Self::NotAllowed(path) => format!("no permission for {}", path.display()),
            Self::DiskFull(path) => format!("the disk is full ({})", path.display()),
            Self::Other => "the operation failed".into(),
        }
    }

    fn english_to_do(&self) -> &'static str {
        match self {
            Self::CodeUnreadable => "copy the whole code, and add nothing to it.",
            Self::CodeUnknownOrUsed | Self::CodeExpired => {
                "ask the ministry for a new code, then run \"enrol\" again."
            }
            Self::OtherCollector => {
                "check the address and the code; if both are right, do not insist and tell the \
                 ministry: somebody may be intercepting the connection."
            }
            Self::NotACollector => {
                "check the address and the port; on a network with a portal, log in there first."
            }
            Self::AddressUnreadable => "write the address as https://HOST:PORT.",
            Self::NameNotFound(_) => "check the name and the name server (/etc/resolv.conf).",
            Self::CannotConnect(_) => {
                "check the address, the port, the cable and the firewall, then try again."
            }
            Self::TooSlow | Self::Busy => "try again in a few minutes.",
            Self::Refused(_) | Self::Other => "pass this message on to the ministry.",
            Self::NoDataFolder(_) => {
                "check the path given to --data; \"enrol\" makes the folder of a new agent."
            }
            Self::NotEnrolled(_) => "run \"desserte-probe enrol\" with a code first.",
            Self::AlreadyEnrolled(_) => {
                "run \"desserte-probe run\", or choose another folder for another agent."
            }
            Self::AlreadyRunning(_) => {
                "nothing, or stop the other one first: \"systemctl stop desserte-probe\"."
            }
            Self::NeverRan(_) => "run \"desserte-probe run\", then ask for the status again.",
            Self::Damaged => "enrol again with another folder, and keep this one.",
            Self::Configuration(_) => "correct the key or the value named below.",
            Self::IcmpRefused => {
                "run as administrator: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", or \
                 give the program CAP_NET_RAW."
            }
            Self::NotAllowed(_) => "run it as the account that owns the folder.",
            Self::DiskFull(_) => "free some space on the disk.",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;
    use crate::wire::WireError;

    fn both(error: impl Into<anyhow::Error>) -> [String; 2] {
        let error = error.into();
        [Language::Fr, Language::En].map(|language| explain(&error, language))
    }

    fn refused(status: u16, code: &str) -> anyhow::Error {
        let error = CollectorError::Refused {
            operation: "enrol",
            status,
            code: Some(code.to_owned()),
            detail: None,
            retry_after: None,
        };
        IdentityError::Collector(error).into()
    }

    fn tls(error: rustls::Error) -> anyhow::Error {
        let error = CollectorError::Tls {
            address: ([127, 0, 0, 1], 1).into(),
            source: Error::other(error),
        };
        IdentityError::Collector(error).into()
    }

    fn file(kind: ErrorKind) -> anyhow::Error {
        let error = FileError {
            operation: "write",
            path: "/data/key".into(),
            source: kind.into(),
        };
        AgentError::File(error).into()
    }

    /// Each error with a part of what is said in French and in English.
    fn enrolment_cases() -> Vec<(anyhow::Error, &'static str, &'static str)> {
        let other_key = rustls::CertificateError::ApplicationVerificationFailure;
        let connect = CollectorError::Connect {
            address: ([192, 0, 2, 1], 443).into(),
            source: ErrorKind::ConnectionRefused.into(),
        };
        let resolve = CollectorError::Resolve {
            host: "collector.example".into(),
            source: Error::other("no address"),
        };
        let collector = |error| anyhow::Error::from(IdentityError::Collector(error));
        let code = IdentityError::Code(WireError::Code("too short"));
        vec![
            (code.into(), "illisible", "cannot be read"),
            (
                refused(403, "code_unknown_or_used"),
                "nouveau code",
                "has been used",
            ),
            (refused(403, "code_expired"), "a expiré", "has expired"),
            (refused(503, "busy"), "occupé", "is busy"),
            (refused(422, "x"), "HTTP 422", "HTTP 422"),
            (
                tls(other_key.into()),
                "pas le collecteur",
                "is not the collector",
            ),
            (
                IdentityError::WrongCollector.into(),
                "intercepte",
                "intercepting",
            ),
            (tls(rustls::Error::DecryptError), "portail", "portal"),
            (collector(connect), "192.0.2.1:443", "192.0.2.1:443"),
            (
                collector(resolve),
                "collector.example est",
                "collector.example was",
            ),
            (
                collector(CollectorError::Timeout("enrol")),
                "à temps",
                "in time",
            ),
            (
                collector(CollectorError::Address("x".into())),
                "HÔTE",
                "HOST",
            ),
        ]
    }

    fn machine_cases() -> Vec<(anyhow::Error, &'static str, &'static str)> {
        let here = || PathBuf::from("/");
        let misspelt = ConfigError {
            path: "/data/agent.toml".into(),
            reason: "unknown field `langage`".into(),
        };
        let icmp = IcmpError::Refused(ErrorKind::PermissionDenied.into());
        let not_enrolled = IdentityError::NotEnrolled(here());
        let absent = IdentityError::NotEnrolled("/no/such/folder".into());
        vec![
            (
                AgentError::Identity(absent).into(),
                "n'existe pas",
                "does not exist",
            ),
            (
                AgentError::Identity(not_enrolled).into(),
                "aucun agent",
                "no agent",
            ),
            (
                IdentityError::AlreadyEnrolled(here()).into(),
                "déjà enrôlé",
                "already enrolled",
            ),
            (
                AgentError::Locked(here()).into(),
                "tourne déjà",
                "already running",
            ),
            (NoStatus(here()).into(), "encore tourné", "no agent ran"),
            (misspelt.into(), "langage", "langage"),
            (
                AgentError::Icmp(icmp).into(),
                "ping_group_range",
                "ping_group_range",
            ),
            (
                file(ErrorKind::PermissionDenied),
                "accès refusé",
                "no permission",
            ),
            (
                file(ErrorKind::StorageFull),
                "disque est plein",
                "disk is full",
            ),
            (anyhow::anyhow!("strange"), "a échoué", "failed"),
        ]
    }

    #[test]
    fn every_problem_is_told_in_both_languages_with_what_to_do() {
        for (error, french, english) in enrolment_cases().into_iter().chain(machine_cases()) {
            let exact = format!("({error:#})");
            let [fr, en] = both(error);
            assert!(fr.contains(french) && fr.contains("À faire : "), "{fr}");
            assert!(en.contains(english) && en.contains("What to do: "), "{en}");
            assert!(fr.contains(&exact) && en.contains(&exact), "{fr}");
            assert_ne!(fr.lines().next(), en.lines().next());
            assert_ne!(fr.lines().nth(1), en.lines().nth(1));
        }
    }
}

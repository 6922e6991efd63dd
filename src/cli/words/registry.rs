//! The registry: what is missing, what forbids it, what is out of range.

use desserte_domain::agreement::Problem;

use super::Text;
use super::toml::in_french;
use crate::registry::RegistryError;

impl From<RegistryError> for Text {
    fn from(error: RegistryError) -> Self {
        let fr = french(&error);
        let en = english(&error);
        match advice(&error) {
            Some((to_do_fr, to_do_en)) => Self::new(fr, en).with_advice(to_do_fr, to_do_en),
            None => Self::new(fr, en),
        }
    }
}

/// The errors that a person meets without the name of the module that met them.
fn english(error: &RegistryError) -> String {
    match error {
        RegistryError::Missing { what, id } => format!("no such {what}: {id:?}"),
        RegistryError::TargetsText(detail) => format!("the targets cannot be read: {detail}"),
        RegistryError::AgreementText(detail) => format!("the agreement cannot be read: {detail}"),
        RegistryError::Agreement { id, problems } => {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            format!("agreement {id}:\n  {}", lines.join("\n  "))
        }
        RegistryError::Exclusion(error) => format!("exclusion: {error}"),
        other => other.to_string(),
    }
}

fn french(error: &RegistryError) -> String {
    match error {
        RegistryError::Database { operation, source } => {
            format!("registre : {operation} : {source}")
        }
        RegistryError::Newer { found, known } => format!(
            "registre : le fichier est de la version {found}, plus récente que {known}, la dernière connue ici"
        ),
        RegistryError::Missing { what, id } => format!("{} inconnu(e) : « {id} »", thing(what)),
        RegistryError::Conflict { what, id, reason } => {
            format!("{} « {id} » : {}", thing(what), why(reason))
        }
        RegistryError::Invalid {
            what,
            id,
            field,
            reason,
        } => format!("{} « {id} » : champ {field} : {}", thing(what), why(reason)),
        RegistryError::TargetsText(detail) => {
            format!("les cibles sont illisibles : {}", in_french(detail))
        }
        RegistryError::AgreementText(detail) => {
            format!("l’engagement est illisible : {}", in_french(detail))
        }
        RegistryError::Agreement { id, problems } => {
            let lines: Vec<String> = problems.iter().map(Problem::in_french).collect();
            format!("engagement {id} :\n  {}", lines.join("\n  "))
        }
        RegistryError::Exclusion(error) => format!("exclusion : {}", error.in_french()),
        RegistryError::Damaged { what, id, reason } => {
            format!("registre : valeur illisible ({what} de « {id} ») : {reason}")
        }
        RegistryError::CodeUnknownOrUsed => "code d’enrôlement inconnu, ou déjà utilisé".to_owned(),
        RegistryError::CodeExpired => "code d’enrôlement périmé".to_owned(),
        RegistryError::Revoked(id) => format!("l’agent {id} a été révoqué"),
    }
}

fn advice(error: &RegistryError) -> Option<(&'static str, &'static str)> {
    match error {
        RegistryError::Database { .. } => Some((
            "vérifiez le dossier donné par --data, ses droits et la place libre",
            "check the folder given with --data, its permissions and the free space",
        )),
        RegistryError::Newer { .. } => Some((
            "utilisez la version du programme qui l’a écrit",
            "use the version of the program that wrote it",
        )),
        RegistryError::Missing { what: "site", .. } => Some((
            "« desserte sites list --data DIR » donne les sites connus",
            "\"desserte sites list --data DIR\" lists the known ones",
        )),
        RegistryError::Missing { what: "agent", .. } => Some((
            "« desserte agents list --data DIR » donne les agents connus",
            "\"desserte agents list --data DIR\" lists the known ones",
        )),
        RegistryError::Missing {
            what: "exclusion", ..
        } => Some((
            "« desserte agreements exclusions ID --data DIR » donne celles de l’engagement",
            "\"desserte agreements exclusions ID --data DIR\" lists those of the agreement",
        )),
        RegistryError::Missing { what: "target", .. } => Some((
            "définissez la cible par une table [[target]], dans l’engagement ou par « desserte targets apply »",
            "define the target with a [[target]] table, in the agreement or by \"desserte targets apply\"",
        )),
        RegistryError::TargetsText(_) => Some((
            "demo/examples/targets.toml explique chaque champ",
            "demo/examples/targets.toml explains every field",
        )),
        RegistryError::AgreementText(_) | RegistryError::Agreement { .. } => Some((
            "demo/examples/agreement.toml explique chaque champ",
            "demo/examples/agreement.toml explains every field",
        )),
        _ => None,
    }
}

fn thing(what: &str) -> &str {
    match what {
        "agreement" => "engagement",
        "target" => "cible",
        "line" => "ligne",
        "portal check" => "recherche de portail",
        "exclusion" => "exclusion",
        "person" => "compte",
        "token" => "jeton",
        other => other,
    }
}

#[expect(clippy::too_many_lines, reason = "a table of sentences")]
fn why(reason: &'static str) -> &'static str {
    match reason {
        "another text was entered under this version or a later one; count up" => {
            "un autre texte existe sous cette version ou une plus récente ; augmentez « version »"
        }
        "is closed or merged; agents are enrolled at open sites" => {
            "fermé ou fusionné ; un agent s’enrôle sur un site ouvert"
        }
        "can be merged once, into another site that is open" => {
            "ne peut être fusionné qu’une fois, dans un autre site ouvert"
        }
        "exists already" => "existe déjà",
        "is the last administrator" => "est le dernier administrateur",
        "is disabled or invented" => "est désactivé ou inventé",
        "must have 1 to 64 small letters, digits, '.', '_', '-' or '@'" => {
            "doit compter 1 à 64 minuscules, chiffres, « . », « _ », « - » ou « @ »"
        }
        "must have 1 to 200 bytes, none of them a control character" => {
            "doit compter 1 à 200 octets, sans caractère de contrôle"
        }
        "a contractor needs its name as agreements write it" => {
            "un prestataire demande son nom tel que l’écrivent les engagements (--contractor)"
        }
        "a technician needs exactly one site" => {
            "un technicien demande exactement un site (--site)"
        }
        "this role sees the whole country: regions, contractors and sites are for others" => {
            "ce rôle voit tout le pays : régions, prestataires et sites sont pour d’autres"
        }
        "stands for another site" => "désigne un autre site",
        "is withdrawn already" => "est déjà retirée",
        "is approved already" => "est déjà approuvée",
        "was changed by somebody else meanwhile" => {
            "a été modifiée entre-temps par quelqu’un d’autre"
        }
        "has as many exclusions as one agreement may have" => {
            "compte autant d’exclusions qu’un engagement peut en avoir"
        }
        "out of range" => "hors limites",
        "must be 1 to 128 bytes without / and control characters" => {
            "doit compter 1 à 128 octets, sans / ni caractère de contrôle"
        }
        "at most 32, each 1 to 128 bytes" => "32 au plus, chacun de 1 à 128 octets",
        "must be -90 to 90" => "doit aller de -90 à 90",
        "must be -180 to 180" => "doit aller de -180 à 180",
        "too long or empty" => "trop long ou vide",
        "must be 1 to 64 of a-z 0-9 - _ ." => "doit compter 1 à 64 caractères de a-z 0-9 - _ .",
        "must be 1 to 1000" => "doit aller de 1 à 1000",
        "must be an http:// or https:// address" => "doit être une adresse http:// ou https://",
        "must be an http:// address" => "doit être une adresse http://",
        "must not be below status_from" => "ne doit pas être inférieur à status_from",
        "must be \"system\" or an address, with or without a port" => {
            "doit être « system » ou une adresse, avec ou sans port"
        }
        "must be 1 to 65535" => "doit aller de 1 à 65535",
        "must be \"collector\", ws://HOST or wss://HOST without a path" => {
            "doit être « collector », ws://HÔTE ou wss://HÔTE sans chemin"
        }
        "must be true where upload is false" => "doit être vrai quand upload est faux",
        "must be 1 to 10" => "doit aller de 1 à 10",
        "must be 1 to 1000000000" => "doit aller de 1 à 1000000000",
        "must be an IPv4 or IPv6 address or a host name" => {
            "doit être une adresse IPv4 ou IPv6, ou un nom d’hôte"
        }
        "must be a DNS name of letters, digits, - and _" => {
            "doit être un nom DNS de lettres, de chiffres, de - et de _"
        }
        "at least 900 for throughput and 300 for a path" => {
            "900 au moins pour un débit, 300 pour un chemin"
        }
        "an agreement of its site has slots too short for a metered line" => {
            "un engagement de son site a des créneaux trop courts pour une ligne facturée au volume"
        }
        "must be 1 to 2048 bytes" => "doit compter 1 à 2048 octets",
        "must be 1 to 60000" => "doit aller de 1 à 60000",
        "at most 64" => "64 au plus",
        "must be 1 to 86400" => "doit aller de 1 à 86400",
        other => other,
    }
}

//! Published problems: files, options, answers.

use desserte_planning::cover::CoverError;
use desserte_planning::instance::{InstanceError, Reason};
use desserte_planning::route::RouteError;

use super::Text;

/// How good an answer is, for whoever looks on.
pub(in crate::cli) fn summary(proved: bool, gap: f64) -> Text {
    if proved {
        return Text::new("Optimum prouvé.", "Optimum, proved.");
    }
    let percent = format!("{:.3}", gap * 100.0);
    let french = percent.replace('.', ",");
    Text::new(
        format!("Au plus {french}\u{a0}% de l’optimum ; --seconds donne plus de temps."),
        format!("Within {percent} % of the optimum; --seconds gives it more time."),
    )
}

/// An option that this kind of problem does not have.
pub(in crate::cli) fn not_for_this(option: &str, problem: &str) -> Text {
    Text::new(
        format!("{option} n’a pas de sens pour {problem}"),
        format!("{option} means nothing for {problem}"),
    )
}

/// An option that neither the command nor the file gives.
pub(in crate::cli) fn missing(option: &str) -> Text {
    Text::new(
        format!("{option} manque : le fichier ne le dit pas"),
        format!("{option} is missing: the file does not say it"),
    )
}

/// A time that is none.
pub(in crate::cli) fn seconds(most: f64) -> Text {
    Text::new(
        format!("--seconds doit être supérieur à 0 et d’au plus {most}"),
        format!("--seconds must be above 0 and at most {most}"),
    )
}

/// A root outside the graph.
pub(in crate::cli) fn no_such_root(root: u32, nodes: usize) -> Text {
    Text::new(
        format!("--root {root} : les nœuds vont de 1 à {nodes}"),
        format!("--root {root}: nodes are numbered from 1 to {nodes}"),
    )
}

impl From<InstanceError> for Text {
    fn from(error: InstanceError) -> Self {
        let InstanceError { line, reason } = &error;
        Self::new(
            format!("ligne {line} : {}", in_french(reason)),
            error.to_string(),
        )
    }
}

fn in_french(reason: &Reason) -> String {
    match reason {
        Reason::Missing(what) => format!("il manque : {}", noun(what)),
        Reason::Number { field, given } => format!(
            "{} : « {given} » n’est pas un nombre d’au plus 18 chiffres, 0 ou plus",
            noun(field)
        ),
        Reason::Node { given, nodes } => {
            format!("le nœud {given} n’est pas entre 1 et {nodes}")
        }
        Reason::Keyword(word) => format!("« {word} » est inconnu ici"),
        Reason::TooMuch(word) => format!("« {word} » est de trop sur cette ligne"),
        Reason::Count {
            what,
            announced,
            given,
        } => format!("{} : {announced} annoncés, {given} donnés", noun(what)),
        Reason::Twice(what) => format!("donné deux fois : {}", noun(what)),
        Reason::Open(section) => format!("la section « {section} » n’a pas de END"),
        Reason::TooMany { what, most } => format!("{} : plus de {most}", noun(what)),
        Reason::TooHeavy => {
            "la somme des poids et des primes dépasse ce que le programme tient exactement".into()
        }
        Reason::Directed => {
            "les arcs (A) font un problème orienté ; seules les arêtes (E) sont traitées".into()
        }
        Reason::Graph(detail) => detail.clone(),
    }
}

/// The words by which the reader of files calls things.
fn noun(english: &'static str) -> &'static str {
    match english {
        "keyword" => "mot-clé",
        "name of the section" => "nom de la section",
        "number of nodes" => "nombre de nœuds",
        "number of edges" => "nombre d’arêtes",
        "number of terminals" => "nombre de terminaux",
        "number of places" => "nombre de lieux",
        "node" => "nœud",
        "nodes" => "nœuds",
        "edges" => "arêtes",
        "terminals" => "terminaux",
        "places" => "lieux",
        "weight" => "poids",
        "prize" => "prime",
        "demand" => "demande",
        "demand, in whole units," => "demande, en unités entières",
        "radius" => "rayon",
        "first line" => "première ligne",
        "the prize of a node" => "la prime d’un nœud",
        "Nodes, before any node," => "Nodes, avant tout nœud",
        "Nodes in SECTION Graph" => "Nodes dans SECTION Graph",
        // Keywords of the format and letters are the same in both languages.
        other => other,
    }
}

impl From<RouteError> for Text {
    fn from(error: RouteError) -> Self {
        match error {
            // The file counts from 1.
            RouteError::Apart(a, b) => Self::new(
                format!("aucun chemin ne relie les nœuds {} et {}", a + 1, b + 1),
                format!("no path joins the nodes {} and {}", a + 1, b + 1),
            ),
            RouteError::Lengths => Self::new(
                "primes et terminaux ne sont pas donnés pour chaque nœud",
                error.to_string(),
            ),
            RouteError::TooHeavy => {
                Self::new(in_french(&Reason::TooHeavy), Reason::TooHeavy.to_string())
            }
        }
    }
}

impl From<CoverError> for Text {
    fn from(error: CoverError) -> Self {
        let fr = match &error {
            CoverError::TooMuch => "la somme des demandes est trop grande".to_owned(),
            CoverError::Radius => "le rayon doit être un nombre, 0 ou plus".to_owned(),
            CoverError::TooManyPairs => {
                "le rayon relie trop de paires de lieux ; prenez-le plus petit".to_owned()
            }
            CoverError::NoSuchDemand { candidate, demand } => {
                format!("le lieu {candidate} atteint la demande {demand}, qui n’existe pas")
            }
        };
        Self::new(fr, error.to_string())
    }
}

//! What the reader of TOML says, in French.
//!
//! Its messages are few: a place (`TOML parse error at line 3, column 1`, then the line itself) and
//! one sentence. A sentence that is not known here stays as it is.

/// The message in French, line by line.
pub(super) fn in_french(message: &str) -> String {
    let lines: Vec<String> = message.trim_end().lines().map(line).collect();
    lines.join("\n")
}

fn line(text: &str) -> String {
    // The quoted source, its margin included.
    if text.trim_start().starts_with('|') || text.split_once(" | ").is_some() {
        return text.to_owned();
    }
    if let Some(place) = text.strip_prefix("TOML parse error at line ") {
        return format!("erreur à la ligne {}", place.replace("column", "colonne"));
    }
    sentence(text)
}

fn sentence(text: &str) -> String {
    for (english, french) in [
        ("missing field ", "champ manquant : "),
        ("unknown field ", "champ inconnu : "),
        ("unknown variant ", "valeur inconnue : "),
        ("duplicate field ", "champ donné deux fois : "),
        ("duplicate key", "clé donnée deux fois"),
        ("invalid type: ", "type inattendu : "),
        ("invalid value: ", "valeur inattendue : "),
        ("invalid length ", "longueur inattendue : "),
        ("more than 256 targets", "plus de 256 cibles"),
        ("longer than 2 MiB", "plus de 2 Mio"),
        ("wanted exactly 1 element, ", "une seule valeur attendue : "),
    ] {
        if let Some(rest) = text.strip_prefix(english) {
            return format!("{french}{}", details(rest));
        }
    }
    details(text)
}

fn details(text: &str) -> String {
    [
        ("map, expected ", "table, attendu : "),
        ("sequence, expected ", "liste, attendu : "),
        (", expected one of ", ", attendu : "),
        (", expected ", ", attendu : "),
        ("attendu : a borrowed string", "attendu : un texte"),
        ("attendu : a string", "attendu : un texte"),
        ("attendu : a boolean", "attendu : vrai ou faux"),
        ("attendu : a sequence", "attendu : une liste"),
        ("attendu : a map", "attendu : une table"),
        ("; did you mean ", " ; vouliez-vous dire "),
        ("string \"", "texte \""),
        ("boolean `", "vrai ou faux `"),
        ("integer `", "entier `"),
        ("floating point `", "nombre `"),
        ("` or `", "` ou `"),
    ]
    .iter()
    .fold(text.to_owned(), |said, (english, french)| {
        said.replace(english, french)
    })
}

#[cfg(test)]
mod tests {
    use super::in_french;

    #[test]
    fn what_the_reader_says_is_said_in_french() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            #[expect(dead_code, reason = "only read")]
            count: u32,
            #[expect(dead_code, reason = "only read")]
            name: String,
        }
        let said = |text: &str| {
            let error = toml::from_str::<Table>(text).unwrap_err();
            in_french(&error.to_string())
        };
        for (text, part) in [
            ("count = 1", "champ manquant : `name`"),
            (
                "conut = 1\nname = 'a'",
                "champ inconnu : `conut`, attendu : `count` ou `name`",
            ),
            (
                "count = 'x'\nname = 'a'",
                "type inattendu : texte \"x\", attendu : u32",
            ),
            ("count = 1\ncount = 2", "erreur à la ligne 2, colonne"),
        ] {
            let french = said(text);
            assert!(french.contains(part), "{part:?} is not in {french}");
            assert!(!french.contains("expected"), "{french}");
        }
    }
}

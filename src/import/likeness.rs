//! How alike two names are: a figure from 0 to 1 that a person can check, on which duplicates are
//! proposed. Pure.
//!
//! Names are folded and cut into words; little words are dropped. Words are paired one to one, best
//! first, each pair worth how alike its words are. Words that say only what a site is (*école*,
//! *hospital*) weigh less than those that say which one. The figure is the weight that was paired as
//! a share of all weight (a weighted Dice coefficient).

use crate::text::fold;

/// Weight of a word that says what a site is, beside 1 for one that says which.
const KIND_WORD_WEIGHT: f64 = 0.35;
/// Words less alike than this are different words.
const WORD_LIKENESS_MIN: f64 = 0.75;
/// The most that names with different numbers reach: schools 3 and 4 of a town are two.
const OTHER_NUMBER_MAX: f64 = 0.5;
/// Words compared; a longer name is a description.
const WORDS_MAX: usize = 24;

/// Words without meaning of their own, French and English.
const LITTLE: &[&str] = &[
    "a", "au", "aux", "and", "d", "de", "des", "du", "en", "et", "for", "l", "la", "le", "les",
    "of", "n", "no", "sur", "the",
];

/// Words that say what a site is, French and English, folded.
const KIND_WORDS: &[&str] = &[
    "academy",
    "annexe",
    "base",
    "bureau",
    "case",
    "catholique",
    "center",
    "centre",
    "ceg",
    "clinic",
    "clinique",
    "college",
    "commissariat",
    "communal",
    "communale",
    "community",
    "complexe",
    "court",
    "cs",
    "csi",
    "csps",
    "departemental",
    "dispensaire",
    "dispensary",
    "district",
    "ecole",
    "elementaire",
    "enseignement",
    "etat",
    "civil",
    "foyer",
    "garderie",
    "gendarmerie",
    "general",
    "government",
    "hall",
    "health",
    "high",
    "hopital",
    "hospital",
    "integre",
    "jardin",
    "kindergarten",
    "lycee",
    "mairie",
    "maternelle",
    "maternite",
    "maternity",
    "medical",
    "ministere",
    "ministry",
    "municipal",
    "nursery",
    "office",
    "police",
    "polyclinique",
    "post",
    "poste",
    "prefecture",
    "prescolaire",
    "primaire",
    "primary",
    "prive",
    "privee",
    "public",
    "publique",
    "regional",
    "sante",
    "school",
    "secondaire",
    "secondary",
    "social",
    "socio",
    "sous",
    "station",
    "town",
    "tribunal",
    "unite",
    "universite",
    "university",
    "urbain",
];

/// Short forms that stand in names of sites, and what they are short for, folded.
const SHORT: &[(&str, &[&str])] = &[
    ("ceg", &["college", "enseignement", "general"]),
    ("cs", &["centre", "sante"]),
    ("csi", &["centre", "sante", "integre"]),
    ("csps", &["centre", "sante", "promotion", "sociale"]),
    ("ecol", &["ecole"]),
    ("ep", &["ecole", "primaire"]),
    ("hgr", &["hopital", "general", "reference"]),
    ("hop", &["hopital"]),
    ("usp", &["unite", "soins", "peripherique"]),
];

/// A name as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Words(Vec<(String, f64)>);

impl Words {
    /// The words of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let folded = fold(name);
        let words = folded
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty() && !LITTLE.contains(word))
            .flat_map(in_full)
            .take(WORDS_MAX)
            .map(|word| {
                let weight = if KIND_WORDS.contains(&word) {
                    KIND_WORD_WEIGHT
                } else {
                    1.0
                };
                (word.to_owned(), weight)
            });
        Self(words.collect())
    }

    /// How alike two names are, 0 to 1; the same both ways round.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f64 {
        let all: f64 = self
            .0
            .iter()
            .chain(&other.0)
            .map(|(_, weight)| weight)
            .sum();
        if self.0.is_empty() || other.0.is_empty() {
            return 0.0;
        }
        let share = (self.paired(other) / all).clamp(0.0, 1.0);
        if self.numbers().eq(other.numbers()) {
            share
        } else {
            share.min(OTHER_NUMBER_MAX)
        }
    }

    /// Whether both have one same word that says which site it is.
    #[must_use]
    pub fn share_a_name(&self, other: &Self) -> bool {
        let proper = |words: &Self, wanted: &str| {
            words
                .0
                .iter()
                .any(|(word, weight)| word == wanted && *weight > KIND_WORD_WEIGHT)
        };
        self.0
            .iter()
            .any(|(word, _)| proper(self, word) && proper(other, word))
    }

    fn numbers(&self) -> impl Iterator<Item = &str> {
        let words = self.0.iter().map(|(word, _)| word.as_str());
        words.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The weight of the words that found a partner, of both names together.
    fn paired(&self, other: &Self) -> f64 {
        let mut candidates = Vec::new();
        for (left, (word, weight)) in self.0.iter().enumerate() {
            for (right, (theirs, their_weight)) in other.0.iter().enumerate() {
                let alike = word_likeness(word, theirs);
                if alike >= WORD_LIKENESS_MIN {
                    candidates.push((alike * (weight + their_weight), left, right));
                }
            }
        }
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut taken_left, mut taken_right) = (Vec::new(), Vec::new());
        let mut total = 0.0;
        for (worth, left, right) in candidates {
            if !taken_left.contains(&left) && !taken_right.contains(&right) {
                taken_left.push(left);
                taken_right.push(right);
                total += worth;
            }
        }
        total
    }
}

/// A word, or the words that it is short for.
fn in_full(word: &str) -> Vec<&str> {
    let known = SHORT.iter().find(|(short, _)| *short == word);
    known.map_or_else(|| vec![word], |(_, words)| words.to_vec())
}

/// How alike two words are: 1 less the share of letters to change (optimal string alignment, so that
/// two letters that changed places are one change). Numbers are the same or not.
fn word_likeness(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    let is_number = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    if is_number(left) || is_number(right) {
        return 0.0;
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let longest = left.len().max(right.len());
    1.0 - as_f64(changes(&left, &right)) / as_f64(longest)
}

#[expect(clippy::cast_precision_loss, reason = "letters of a word are few")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

fn changes(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, theirs) in right.iter().enumerate() {
            let at =
                |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(letter != theirs);
            let mut fewest = replaced
                .min(at(&last, column + 1) + 1)
                .min(at(&line, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(theirs)
                && right.get(column - 1) == Some(letter);
            if swapped {
                fewest = fewest.min(at(&before, column - 1) + 1);
            }
            line.push(fewest);
        }
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(left: &str, right: &str) -> f64 {
        let (left, right) = (Words::of(left), Words::of(right));
        let both = [left.likeness(&right), right.likeness(&left)];
        assert!((both[0] - both[1]).abs() < 1e-12, "not symmetric: {both:?}");
        assert!((0.0..=1.0).contains(&both[0]));
        both[0]
    }

    #[test]
    fn the_same_name_written_otherwise_is_alike() {
        for (left, right) in [
            ("École Primaire de Djambala", "ecole primaire djambala"),
            ("Hôpital de Base", "HOPITAL  DE  BASE"),
            ("Djambala École Primaire", "École primaire de Djambala"),
            ("Mairie d’Owando", "Mairie d'Owando"),
        ] {
            assert!(likeness(left, right) > 0.999, "{left} / {right}");
        }
        let typing = likeness("Lycée Savorgnan de Brazza", "Lycee Savorgnan de Braza");
        assert!((0.9..1.0).contains(&typing), "{typing}");
        let more = likeness("CSI Mbé", "Centre de santé intégré de Mbé");
        assert!(more > 0.999, "{more}");
    }

    #[test]
    fn what_it_is_does_not_make_it_the_same() {
        let two = likeness("École primaire de Djambala", "École primaire de Gamboma");
        assert!(two < 0.5, "{two}");
        let other = likeness("Tribunal de Dolisie", "Mairie de Dolisie");
        assert!(other < 0.8, "{other}");
        assert!(likeness("École", "Tribunal") < 1e-9);
    }

    #[test]
    fn other_numbers_are_other_sites() {
        assert!(likeness("École n° 3 Ouenzé", "École n° 4 Ouenzé") <= OTHER_NUMBER_MAX);
        assert!(likeness("École n° 3 Ouenzé", "École N°3 Ouenzé") > 0.999);
        assert!(likeness("École 3", "École") <= OTHER_NUMBER_MAX);
    }

    #[test]
    fn names_without_words_are_like_nothing() {
        assert!(likeness("", "") < 1e-9);
        assert!(likeness("---", "---") < 1e-9);
        assert!(likeness("de la", "de la") < 1e-9);
    }

    #[test]
    fn a_shared_word_counts_when_it_says_which() {
        let share = |a: &str, b: &str| Words::of(a).share_a_name(&Words::of(b));
        assert!(share("Lycée Mbé", "École de Mbé"));
        assert!(!share("École de Mbé", "École de Gamboma"));
    }
}

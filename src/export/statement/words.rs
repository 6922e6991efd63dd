//! The words of a statement in both languages.

use desserte_domain::cause::CAUSES;

use crate::export::{Language, outages};

/// Identifiers of a statement with their words in French and English.
const WORDS: &[(&str, &str, &str)] = &[
    ("kept", "tenu", "kept"),
    ("missed", "manqué", "missed"),
    ("needs_decision", "à décider", "to be decided"),
    (
        "too_little_measured",
        "mesure insuffisante",
        "too little measured",
    ),
    ("nothing_measured", "rien de mesuré", "nothing measured"),
    ("charged", "à charge", "charged"),
    ("not_charged", "hors charge", "not charged"),
    ("in_time", "dans le délai", "in time"),
    ("late", "hors délai", "late"),
    ("open", "en cours", "open"),
    ("not_promised", "sans engagement", "not promised"),
    ("latency", "temps de réponse", "response time"),
    ("loss", "perte de paquets", "packet loss"),
    ("throughput", "débit", "throughput"),
    (
        "mean_time_to_repair",
        "durée moyenne de rétablissement",
        "mean time to repair",
    ),
    ("download", "descendant", "download"),
    ("upload", "montant", "upload"),
    ("mean", "moyenne", "mean"),
    ("microseconds", "µs", "µs"),
    ("share", "part", "share"),
    ("bits_per_second", "bit/s", "bit/s"),
    ("tiers", "palier de disponibilité", "availability tier"),
    (
        "per_hour_beyond_target",
        "par heure au-delà de l’engagement",
        "per hour beyond the promise",
    ),
    (
        "per_block",
        "par tranche de coupure",
        "per block of an outage",
    ),
    (
        "per_hour_of_late_repair",
        "par heure de retard de rétablissement",
        "per hour of late repair",
    ),
    (
        "unconnected_days",
        "jours ouvrés sans connexion",
        "working days without connection",
    ),
    (
        "missed_objective",
        "autre engagement manqué",
        "another promise missed",
    ),
    ("planned_works", "travaux programmés", "planned works"),
    ("stop_clock", "arrêt du décompte", "stop-clock"),
    ("other", "autre", "other"),
    ("requested", "demandée", "requested"),
    ("approved", "approuvée", "approved"),
    ("withdrawn", "retirée", "withdrawn"),
    ("worst", "chaque site", "every site"),
    ("pooled", "tous les créneaux", "all slots together"),
    ("down", "par défaut", "down"),
    (
        "half_up",
        "au plus près, moitié vers le haut",
        "nearest, a half up",
    ),
    (
        "half_even",
        "au plus près, moitié vers le pair",
        "nearest, a half to even",
    ),
    ("up", "par excès", "up"),
];

/// The word of an identifier; an identifier that has none stays as it is.
pub(super) fn word(language: Language, identifier: &str) -> String {
    let found = WORDS.iter().find(|(name, ..)| *name == identifier);
    found.map_or_else(
        || identifier.to_owned(),
        |(_, fr, en)| language.pick(*fr, *en).to_owned(),
    )
}

/// The statistic of a promise: `percentile 0.95` is `95 %` of the values.
pub(super) fn statistic(language: Language, name: &str) -> String {
    match name.strip_prefix("percentile ") {
        Some(share) => {
            let word = language.pick("centile", "percentile");
            format!("{word} {}", decimal(language, share))
        }
        None => word(language, name),
    }
}

/// The name of a cause.
pub(super) fn cause(language: Language, identifier: Option<&str>) -> String {
    let found = CAUSES
        .into_iter()
        .find(|cause| Some(cause.identifier()) == identifier);
    found.map_or_else(
        || language.pick("indéterminée", "undetermined").to_owned(),
        |cause| outages::cause(cause, language).to_owned(),
    )
}

/// A decimal as the language writes it.
pub(super) fn decimal(language: Language, text: &str) -> String {
    match language {
        Language::Fr => text.replace('.', ","),
        Language::En => text.to_owned(),
    }
}

/// A whole number in groups of three digits.
pub(super) fn grouped(language: Language, number: u64) -> String {
    let digits = number.to_string();
    let separator = language.pick('\u{202f}', ',');
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// An amount of money: minor units in groups, the decimals of the currency, its code.
pub(super) fn amount(language: Language, minor: u64, (currency, decimals): (&str, u32)) -> String {
    let scale = 10_u64.checked_pow(decimals).unwrap_or(1);
    let whole = grouped(language, minor / scale);
    if decimals == 0 {
        return format!("{whole}\u{a0}{currency}");
    }
    let width = usize::try_from(decimals).unwrap_or(0);
    let point = language.pick(',', '.');
    format!("{whole}{point}{:0width$}\u{a0}{currency}", minor % scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_amounts_in_both_languages() {
        assert_eq!(grouped(Language::En, 1_234_567), "1,234,567");
        assert_eq!(grouped(Language::Fr, 999), "999");
        assert_eq!(
            amount(Language::Fr, 350_000, ("XAF", 0)),
            "350\u{202f}000\u{a0}XAF"
        );
        assert_eq!(
            amount(Language::En, 1_234_005, ("TND", 3)),
            "1,234.005\u{a0}TND"
        );
        assert_eq!(statistic(Language::Fr, "percentile 0.95"), "centile 0,95");
        assert_eq!(word(Language::En, "something_new"), "something_new");
        assert_eq!(cause(Language::Fr, None), "indéterminée");
        assert_ne!(cause(Language::En, Some("last_mile")), "undetermined");
    }
}

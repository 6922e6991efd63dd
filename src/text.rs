//! Text for searching, and moments as text.

/// Lower case without the accents of French, Portuguese and Spanish; ’ becomes '.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' => 'a',
            'ç' => 'c',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ÿ' => 'y',
            '’' => '\'',
            other => other,
        })
        .collect()
}

/// A moment as RFC 3339 in UTC; `None` when it lies outside the calendar.
#[must_use]
pub fn moment(unix_ms: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(unix_ms)
        .ok()
        .map(|at| at.to_string())
}

/// A moment as text. A moment outside the calendar cannot have been stored; the epoch stands there.
#[must_use]
pub fn moment_or_epoch(unix_ms: i64) -> String {
    moment(unix_ms).unwrap_or_else(|| jiff::Timestamp::UNIX_EPOCH.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn folding_takes_accents_and_case() {
        assert_eq!(super::fold("École d’Owando – ÎLE"), "ecole d'owando – ile");
    }
}

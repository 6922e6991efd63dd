//! Whether something under a name was there before. (agent, boot, sequence) names an entry for ever:
//! the first content under a name is kept, the same again is nothing new, another is a conflict and
//! changes nothing.

/// What a content under a name is, beside the one that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settled {
    /// Nothing has this name: it is kept.
    New,
    /// It is there already.
    Same,
    /// Another content has this name, and stays.
    Conflict,
}

/// Settles a content against what is kept under its name.
pub fn settle<H: PartialEq + ?Sized>(kept: Option<&H>, new: &H) -> Settled {
    match kept {
        None => Settled::New,
        Some(kept) if kept == new => Settled::Same,
        Some(_) => Settled::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_content_under_a_name_stays() {
        assert_eq!(settle(None, &1), Settled::New);
        assert_eq!(settle(Some(&1), &1), Settled::Same);
        assert_eq!(settle(Some(&1), &2), Settled::Conflict);
    }
}

//! The status of a site as text.

use crate::registry::SiteStatus;

/// `open`, `closed`, or `merged_into:` and the site that goes on.
#[must_use]
pub fn status_text(status: &SiteStatus) -> String {
    match status {
        SiteStatus::Open => "open".to_owned(),
        SiteStatus::Closed => "closed".to_owned(),
        SiteStatus::MergedInto(site) => format!("merged_into:{site}"),
    }
}

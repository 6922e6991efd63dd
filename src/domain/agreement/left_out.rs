//! What an agreement leaves out of its figures, and who decides.

use serde::{Deserialize, Serialize};

use crate::exclusion::{ExclusionKind, ExclusionMode};

/// What is left out of the figures, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExclusionTerms {
    /// How an excluded slot counts.
    pub mode: ExclusionMode,
    /// Classes of exclusion that this agreement knows.
    pub classes: Vec<String>,
    /// What holds for single classes: who may ask for one, who approves it, how long before.
    pub rules: Vec<ClassRule>,
    /// Days after a month's end during which its exclusions may still be entered, approved or
    /// withdrawn; the month is closed then.
    pub closing_days: u32,
}

/// What holds for a class of exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRule {
    /// The class.
    pub class: String,
    /// Its only kind; absent: any. Classes of kind `stop_clock` are the reasons that stop a clock.
    #[serde(default)]
    pub kind: Option<ExclusionKind>,
    /// Names of those who may ask for one; none: anybody.
    #[serde(default)]
    pub requested_by: Vec<String>,
    /// Names of those who may approve one; none: anybody but who asked for it.
    #[serde(default)]
    pub approved_by: Vec<String>,
    /// Hours before its begin until which it must be asked for; 0: also afterwards.
    #[serde(default)]
    pub notice_hours: u32,
}

impl Default for ExclusionTerms {
    fn default() -> Self {
        Self {
            mode: ExclusionMode::Remove,
            classes: vec!["maintenance".to_owned()],
            rules: Vec::new(),
            closing_days: 10,
        }
    }
}

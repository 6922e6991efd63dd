//! People, sessions, tokens, and what happened at the door.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::doors::role::Role;

/// Who is signed in, and how.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Session {
    /// `open` (no accounts: whoever is on the machine is its administrator), `demonstration`, or
    /// `closed` (accounts).
    pub mode: String,
    /// Whether what is asked is answered.
    pub signed_in: bool,
    /// The account.
    pub person: Option<String>,
    /// Its person's name.
    pub name: Option<String>,
    /// As what.
    pub role: Option<Role>,
    /// Regions, contractors or the site that the role reaches over; empty: the whole country.
    pub reach: Vec<String>,
    /// What may be done: names of a closed list.
    pub may: Vec<String>,
    /// What a page sends in `x-desserte-csrf` in order to change something.
    pub csrf: Option<String>,
    /// Whether a second factor is set.
    pub second_factor: bool,
}

/// What is typed to sign in.
#[derive(Clone, Deserialize, ToSchema)]
pub struct SignIn {
    /// The account.
    pub person: String,
    /// The password.
    pub password: String,
    /// Code of the second factor.
    #[serde(default)]
    pub code: Option<String>,
}

/// Which role of the demonstration.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct DemonstrationRole {
    /// The role.
    pub role: Role,
}

/// The secret of a one-time link.
#[derive(Clone, Deserialize, ToSchema)]
pub struct InvitationLook {
    /// What follows the last `/` of the link.
    pub secret: String,
}

/// Whose link it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// The account.
    pub person: String,
    /// The name.
    pub name: String,
    /// Fewest characters of a password.
    pub password_characters_min: u64,
}

/// A password chosen by a one-time link.
#[derive(Clone, Deserialize, ToSchema)]
pub struct InvitationAccept {
    /// What follows the last `/` of the link.
    pub secret: String,
    /// The new password.
    pub password: String,
}

/// Another password.
#[derive(Clone, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The password until now.
    pub password: String,
    /// The password from now on.
    pub new_password: String,
}

/// The password, before a second factor is changed.
#[derive(Clone, Deserialize, ToSchema)]
pub struct PasswordGiven {
    /// The password.
    pub password: String,
}

/// A second factor that is not confirmed yet.
#[derive(Clone, Serialize, ToSchema)]
pub struct SecondFactor {
    /// For an authenticator that is typed into, base32.
    pub secret: String,
    /// For one that reads a picture: `otpauth://…` (RFC 6238 parameters).
    pub address: String,
}

/// A code that proves that the authenticator knows the secret.
#[derive(Clone, Deserialize, ToSchema)]
pub struct SecondFactorConfirm {
    /// The secret that was shown.
    pub secret: String,
    /// The code that the authenticator shows.
    pub code: String,
}

/// A person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonItem {
    /// What is typed to sign in.
    pub id: String,
    /// Name.
    pub name: String,
    /// As what they come in.
    pub role: Role,
    /// Regions, contractors or the site.
    pub reach: Vec<String>,
    /// `invited` (no password yet), `active`, or `disabled`.
    pub state: String,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// Of a demonstration.
    pub invented: bool,
    /// When they were added.
    pub created_at: String,
    /// When they signed in last.
    pub signed_in_at: Option<String>,
}

/// A person to be added.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewPersonAsked {
    /// What is typed to sign in: small letters, digits, `.`, `_`, `-`, `@`.
    pub id: String,
    /// Name; it never changes.
    pub name: String,
    /// As what they come in.
    pub role: Role,
    /// Regions of an engineer, names of a contractor in agreements, or the site of a technician.
    #[serde(default)]
    pub reach: Vec<String>,
}

/// What changes of a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PersonChange {
    /// As what they come in.
    pub role: Role,
    /// See `reach` of a person.
    #[serde(default)]
    pub reach: Vec<String>,
    /// Whether they are shut out.
    pub disabled: bool,
}

/// A one-time link, shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct LinkMade {
    /// The account.
    pub person: String,
    /// Path and fragment of the link, to be put behind the page's address.
    pub path: String,
    /// Until when it is worth something.
    pub expires_at: String,
}

/// Why a link is made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct LinkAsked {
    /// `true`: the old password and the second factor are taken away and sessions end at once.
    #[serde(default)]
    pub reset: bool,
}

/// A token of a machine, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenItem {
    /// Number.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// As what it comes in; it only reads.
    pub role: Role,
    /// Regions, contractors or the site.
    pub reach: Vec<String>,
    /// Whether it sees sites that are marked sensitive.
    pub sensitive: bool,
    /// Whose account made it; it ends with the account.
    pub person: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// Until when it is worth something.
    pub expires_at: String,
    /// When it was used last, to some minutes.
    pub used_at: Option<String>,
    /// `active`, `expired` or `revoked`.
    pub state: String,
}

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// As what it comes in; it only reads.
    pub role: Role,
    /// See `reach` of a person.
    #[serde(default)]
    pub reach: Vec<String>,
    /// Whether it sees sites that are marked sensitive.
    #[serde(default)]
    pub sensitive: bool,
    /// Days until it expires, from 1 to 366.
    pub days: u32,
}

/// A token with its secret, shown once.
#[derive(Clone, Serialize, ToSchema)]
pub struct TokenMade {
    /// The token.
    #[serde(flatten)]
    pub token: TokenItem,
    /// For the header `Authorization: Bearer …`.
    pub secret: String,
}

/// A decision of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditItem {
    /// Position, from 1.
    pub position: i64,
    /// When.
    pub at: String,
    /// Who.
    pub author: String,
    /// What, such as `site.merge`; `request.post` is that something was asked through the page.
    pub action: String,
    /// What it concerns.
    pub subject: String,
    /// Details.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// From where.
    pub peer: Option<String>,
}

/// A try to sign in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignInItem {
    /// Number.
    pub id: i64,
    /// When.
    pub at: String,
    /// The account; `null`: nobody of that name.
    pub person: Option<String>,
    /// `signed_in`, `wrong`, `code_needed`, `code_wrong`, `busy` or `failed`.
    pub outcome: String,
    /// From where.
    pub peer: String,
    /// Whether somebody signed in from that browser before.
    pub known_browser: bool,
}

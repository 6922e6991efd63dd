//! Refusals as problem details (RFC 9457), all made here.
//!
//! The caller reads a code of a closed list and an outer text; what the collector knows more goes
//! into the log only.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a busy collector may be asked again.
const BUSY_SECONDS: u64 = 5;

/// Why a request was refused. Closed list; pages phrase their messages by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No such resource.
    NotFound,
    /// The route exists, with another method.
    MethodNotAllowed,
    /// A parameter or a field of the body cannot be used.
    InvalidParameter,
    /// The request contradicts what is stored.
    Conflict,
    /// Who approves is who asked.
    SamePerson,
    /// The month takes no more changes.
    MonthClosed,
    /// Host, Origin or the proof that a page of ours asks is not this listener's own.
    ForbiddenOrigin,
    /// Nobody is signed in, or the token is worth nothing.
    SignInNeeded,
    /// Who asks may not do this.
    NotAllowed,
    /// Account or password is wrong.
    SignInFailed,
    /// The password is right; the code of the second factor is missing, wrong or used.
    CodeNeeded,
    /// The password cannot be used.
    UnfitPassword,
    /// Too many tries or requests; wait as long as Retry-After says.
    TooMany,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is larger than allowed.
    TooLarge,
    /// Too many requests at once; try again.
    Busy,
    /// The answer took longer than allowed.
    Timeout,
    /// The collector failed; the log says why.
    Internal,
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidParameter | Self::UnfitPassword => StatusCode::BAD_REQUEST,
            Self::Conflict | Self::SamePerson | Self::MonthClosed => StatusCode::CONFLICT,
            Self::ForbiddenOrigin | Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::SignInNeeded | Self::SignInFailed | Self::CodeNeeded => StatusCode::UNAUTHORIZED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::MethodNotAllowed => "method not allowed",
            Self::InvalidParameter => "invalid parameter",
            Self::Conflict => "conflict",
            Self::SamePerson => "same person",
            Self::MonthClosed => "month closed",
            Self::ForbiddenOrigin => "forbidden origin",
            Self::SignInNeeded => "sign in needed",
            Self::NotAllowed => "not allowed",
            Self::SignInFailed => "sign in failed",
            Self::CodeNeeded => "code needed",
            Self::UnfitPassword => "unfit password",
            Self::TooMany => "too many",
            Self::UnsupportedMediaType => "unsupported media type",
            Self::TooLarge => "too large",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Internal => "internal error",
        }
    }
}

/// A refusal, before it is an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    detail: String,
    /// Seconds after which it may be tried again.
    after: Option<u64>,
}

/// What a handler answers with.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with a sentence for the caller.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            after: None,
        }
    }

    /// The same, with the seconds after which it may be tried again.
    pub(crate) fn after(self, seconds: u64) -> Self {
        Self {
            after: Some(seconds),
            ..self
        }
    }

    /// Nothing of this kind has this name.
    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        Self::new(Code::NotFound, format!("{kind} {name:?} does not exist"))
    }

    /// A parameter that cannot be used.
    pub(crate) fn parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("{name}: {reason}"))
    }

    /// The collector's own failure: the reason goes to the log, not to the caller.
    pub(crate) fn internal(operation: &str, error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, operation, "request failed: {operation}: {error}");
        Self::new(
            Code::Internal,
            format!("{operation} failed; see the collector's log"),
        )
    }
}

/// Body of every refusal (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:desserte:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This problem in words.
    pub detail: String,
    /// Why, from the closed list.
    pub code: Code,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let title = self.code.title();
        let problem = Problem {
            kind: format!("urn:desserte:problem:{}", title.replace(' ', "_")),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let busy = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(BUSY_SECONDS);
        if let Some(seconds) = self.after.or(busy) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            // No browser asks for a password of its own at this scheme (RFC 6750).
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

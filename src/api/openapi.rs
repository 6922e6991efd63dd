//! The description of every route, OpenAPI 3.1.

use axum::Json;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use super::error::{Code, Refusal};

/// The document without routes.
pub(crate) fn frame() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Desserte")
                .version("1")
                .description(Some(
                    "How public sites are connected: states, outages with their cause, figures of \
                     agreements, and which site to connect or repair next. Times are RFC 3339 in \
                     UTC; what is not known is null. Refusals are problem details (RFC 9457) with \
                     a code of a closed list.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .build()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "collector", responses(
    (status = 200, description = "this document", body = Object),
))]
pub(crate) async fn document() -> Json<OpenApi> {
    Json(super::router::document())
}

/// Answers a known path asked with another method.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::new(Code::MethodNotAllowed, "this path has other methods")
}
